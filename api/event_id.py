"""The `id:` of a server-sent event: `<epoch>:<stream>.<seq>,...`, everything a client needs to go on anywhere."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_SHAPE = re.compile(r"[0-9a-zA-Z-]{1,64}:[0-9a-z]{1,40}\.[0-9]{1,18}(,[0-9a-z]{1,40}\.[0-9]{1,18}){0,99}")


class EventId(NamedTuple):
    """A place in the history called `epoch`: by stream, the last sequence number that was received."""

    epoch: str
    cursors: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.epoch}:{','.join(f'{stream}.{seq}' for stream, seq in self.cursors.items())}"


def parse(text: str) -> EventId | None:
    """The place that `text` names; None when it is none of ours, as if from another epoch."""
    if not _SHAPE.fullmatch(text):
        return None
    epoch, _, places = text.partition(":")
    pairs = (place.split(".") for place in places.split(","))
    return EventId(epoch, {stream: int(seq) for stream, seq in pairs})
