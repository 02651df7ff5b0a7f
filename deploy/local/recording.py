"""What a folder of recorded candles holds: which pairs, from when to when."""

from datetime import datetime
from pathlib import Path

import msgspec

from deploy.local.errors import StackError
from services.binance.dumps import recordings
from services.domain.errors import InvalidData


class Span(msgspec.Struct, frozen=True):
    """The extent of a recording. Between `begin` and `end` (UTC) some pair has candles."""

    pairs: int
    begin: datetime
    end: datetime

    def describe(self) -> str:
        """One line for the person who runs it."""
        return f"the recording holds {self.pairs} pairs, from {self.begin:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"


def span(folder: Path) -> Span:
    """The extent of the recording in `folder`. Raises StackError when there is none."""
    try:
        found = recordings(folder)
    except InvalidData as error:
        raise StackError(str(error)) from error
    files = [file for recording in found for file in recording.files]
    pairs = {(recording.market, recording.symbol) for recording in found}
    return Span(len(pairs), min(file.start for file in files), max(file.end for file in files))
