"""Signals from a CSV file, row by row as it comes in, with a report of every row that did not become one."""

import codecs
import csv
from collections.abc import AsyncIterator, Iterator

import msgspec

from services.domain.alert_text import FIELDS_MAX, Fields
from services.domain.errors import InvalidInput, Refused
from services.domain.signal import SignalStatus
from services.usecases.context import Services
from services.usecases.receive_alert import BODY_BYTES_MAX, receive_rows, settings_of
from services.usecases.store_signals import StoredSignal

ROWS_A_BATCH = 500
ROWS_TOLD_MAX = 10_000


class RowReport(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is no new signal: its line in the file, and the rule that it breaks, or `repeated`."""

    line: int
    signal_id: int
    code: str
    field: str
    reason: str


class ImportReport(msgspec.Struct, kw_only=True):
    """What an import came to. `rows` tells the first 10,000 that are no new signals, `rows_left_out` how many more."""

    total: int = 0
    stored: int = 0
    repeated: int = 0
    expired: int = 0
    rejected: int = 0
    rows: list[RowReport] = []
    rows_left_out: int = 0


async def import_signals(
    services: Services, source_id: int, chunks: AsyncIterator[bytes], key: str | None = None
) -> ImportReport:
    """Store the rows of a CSV file whose first row names the columns, as alerts name their fields.

    Rows before a failure stay stored; sent again, they are repetitions if they have keys, or the file has one. Raises
    InvalidInput for a file without sensible columns.
    """
    settings = await settings_of(services, source_id)
    report, lines, columns = ImportReport(), _Lines(), list[str]()
    batch: list[tuple[int, bytes, Fields | Refused]] = []

    async def flush() -> None:
        stored = await receive_rows(services, source_id, [(raw, told) for _, raw, told in batch], settings, key)
        for (line, _, _), each in zip(batch, stored, strict=True):
            _count(report, line, each)
        batch.clear()

    async for chunk in chunks:
        for line, record in lines.feed(chunk):
            columns = _take(record, line, columns, batch)
            if len(batch) == ROWS_A_BATCH:
                await flush()
    for line, record in lines.end():
        columns = _take(record, line, columns, batch)
    if not columns:
        raise InvalidInput("no_columns", "the file is empty: its first row must name the columns")
    if batch:
        await flush()
    return report


def _take(record: str, line: int, columns: list[str], batch: list[tuple[int, bytes, Fields | Refused]]) -> list[str]:
    """Add a row to the batch; the first row is the columns'."""
    if not record.strip():
        return columns
    if not columns:
        return _columns(record)
    raw = record.encode()
    batch.append((line, raw[:BODY_BYTES_MAX], _fields(record, columns)))
    return columns


def _columns(record: str) -> list[str]:
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in _cells(record)]
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


def _count(report: ImportReport, line: int, stored: StoredSignal) -> None:
    report.total += 1
    signal = stored.signal
    if stored.repeated:
        report.repeated += 1
        told = RowReport(line=line, signal_id=signal.id, code="repeated", field="", reason="this signal is known")
    elif signal.status is SignalStatus.ACTIVE:
        report.stored += 1
        return
    else:
        report.expired += signal.status is SignalStatus.EXPIRED
        report.rejected += signal.status is SignalStatus.REJECTED
        told = RowReport(
            line=line, signal_id=signal.id, code=signal.code or "", field=signal.field, reason=signal.reason or ""
        )
    if len(report.rows) < ROWS_TOLD_MAX:
        report.rows.append(told)
    else:
        report.rows_left_out += 1


class _Lines:
    """Bytes to records, each with the number of its first line; quotes may span lines. Bounded by the longest row."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._rest = ""
        self._record: list[str] = []
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
            self._begun = self._line
        self._line += 1
        self._record.append(line.removesuffix("\r"))
        record = "\n".join(self._record)
        if record.count('"') % 2 == 0 or len(record) > BODY_BYTES_MAX:
            self._record = []
            yield self._begun, record
