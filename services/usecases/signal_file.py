"""A CSV file of signals, read as it comes in: its first row names the columns, as alerts name their fields."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.domain.alert_text import FIELDS_MAX, Fields
from services.domain.errors import InvalidInput, Refused
from services.usecases.receive_alert import BODY_BYTES_MAX


class Row(NamedTuple):
    """One row: the number of its first line in the file, its bytes (not more than an alert has), and what it says."""

    line: int
    raw: bytes
    told: Fields | Refused


class SignalFile:
    """Takes a file's bytes in any pieces; holds no more of it than its longest row."""

    def __init__(self) -> None:
        self._lines = _Lines()
        self._columns: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """The rows that are complete with `chunk`. Raises InvalidInput for columns that are none."""
        return self._rows(self._lines.feed(chunk))

    def end(self) -> Iterator[Row]:
        """The row that is left when the file ends. Raises InvalidInput for a file without columns."""
        yield from self._rows(self._lines.end())
        if not self._columns:
            raise InvalidInput("no_columns", "the file is empty: its first row must name the columns")

    def _rows(self, records: Iterable[tuple[int, str]]) -> Iterator[Row]:
        for line, record in records:
            if not record.strip():
                continue
            if self._columns:
                yield Row(line, record.encode()[:BODY_BYTES_MAX], _fields(record, self._columns))
            else:
                self._columns = _columns(record)


def _columns(record: str) -> list[str]:
    try:
        cells = _cells(record)
    except csv.Error as error:
        raise InvalidInput("bad_columns", f"the first row is no CSV: {error}", field="columns") from error
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in cells]
    if len(names) > FIELDS_MAX or len(set(names)) < len(names) or not all(names):
        raise InvalidInput("bad_columns", "the first row must name the columns, each once", field="columns")
    return names


def _fields(record: str, columns: list[str]) -> Fields | Refused:
    if len(record.encode()) > BODY_BYTES_MAX:
        return InvalidInput("row_too_long", f"a row has at most {BODY_BYTES_MAX} bytes")
    if "\x00" in record or "\ufffd" in record:
        return InvalidInput("not_text", "the row is no UTF-8 text")
    try:
        cells = _cells(record)
    except csv.Error as error:
        return InvalidInput("malformed_row", f"the row is no CSV: {error}")
    if len(cells) > len(columns):
        return InvalidInput("too_many_cells", f"the row has {len(cells)} cells for {len(columns)} columns")
    return {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}


def _cells(record: str) -> list[str]:
    return next(csv.reader([record], strict=True), [])


class _Lines:
    """Bytes to records, each with the number of its first line; quotes may span lines. Bounded by the longest row."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._rest = ""
        self._record: list[str] = []
        self._length = 0
        self._is_quoted = False
        self._line = self._begun = 1

    def feed(self, chunk: bytes) -> Iterator[tuple[int, str]]:
        """The records that are complete with `chunk`."""
        *whole, self._rest = (self._rest + self._decode(chunk)).split("\n")
        for line in whole:
            yield from self._add(line)
        if len(self._rest) > BODY_BYTES_MAX * 4:
            yield from self._add(self._rest)
            self._rest = ""

    def end(self) -> Iterator[tuple[int, str]]:
        """What is left when the file ends."""
        yield from self._add(self._rest + self._decode(b"", True))
        if self._record:
            yield self._begun, "\n".join(self._record)

    def _add(self, line: str) -> Iterator[tuple[int, str]]:
        if not self._record:
            self._begun, self._is_quoted, self._length = self._line, False, 0
        self._line += 1
        self._record.append(line.removesuffix("\r"))
        self._is_quoted = _goes_on(line, self._is_quoted)
        self._length += len(line) + 1
        if not self._is_quoted or self._length > BODY_BYTES_MAX:
            record, self._record = "\n".join(self._record), []
            yield self._begun, record


_QUOTED = re.compile(r'(?:[^"]|"")*+"')
"""The rest of a quoted cell, to the quote that ends it; two of them are one inside."""


def _goes_on(line: str, is_quoted: bool) -> bool:
    """Whether a quoted cell goes on after `line`; `is_quoted`: one goes on before it.

    A quote begins one only as the first character of a cell: elsewhere it is what somebody wrote.
    """
    place = 0
    while True:
        if is_quoted or line.startswith('"', place):
            ends = _QUOTED.match(line, place if is_quoted else place + 1)
            if ends is None:
                return True
            is_quoted, place = False, ends.end()
        comma = line.find(",", place)
        if comma < 0:
            return False
        place = comma + 1
