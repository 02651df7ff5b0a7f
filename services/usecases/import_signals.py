"""Signals from a CSV file, row by row as it comes in, with a report of every row that did not become one."""

from collections.abc import AsyncIterator

import msgspec

from services.domain.signal import SignalStatus
from services.usecases.context import Services
from services.usecases.receive_alert import receive_rows, settings_of
from services.usecases.signal_file import Row, SignalFile
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
    report, file, batch = ImportReport(), SignalFile(), list[Row]()

    async def flush() -> None:
        stored = await receive_rows(services, source_id, [(row.raw, row.told) for row in batch], settings, key)
        for row, each in zip(batch, stored, strict=True):
            _count(report, row.line, each)
        batch.clear()

    async for chunk in chunks:
        for row in file.feed(chunk):
            batch.append(row)
            if len(batch) == ROWS_A_BATCH:
                await flush()
    batch.extend(file.end())
    if batch:
        await flush()
    return report


def _count(report: ImportReport, line: int, stored: StoredSignal) -> None:
    report.total += 1
    signal = stored.signal
    if stored.repeated:
        report.repeated += 1
        known = "this signal is known" if signal.reason is None else f"known as {signal.status}: {signal.reason}"
        told = RowReport(line=line, signal_id=signal.id, code="repeated", field=signal.field, reason=known)
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
