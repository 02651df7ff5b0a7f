"""What became of a source's signals, counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from services.db.pool import Connection

DAYS = timedelta(days=90)
"""Signals that no trade came of are kept for as long, so this is what can be compared."""


class SourceStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The last 90 days of a source.

    signals        by status
    refused_for    REJECTED and EXPIRED signals by reason code
    decisions      of the caller's accounts, by outcome
    declined_for   those that are no trades, by reason code
    followers      accounts that follow, of anybody
    last_signal_at when the newest was received, whatever became of it
    """

    signals: dict[str, int]
    refused_for: dict[str, int]
    decisions: dict[str, int]
    declined_for: dict[str, int]
    followers: int
    last_signal_at: datetime | None


async def of_source(connection: Connection, source_id: int, account_ids: Sequence[int]) -> SourceStatistics:
    """The counts of one source, and of these accounts' decisions on it."""
    values = {"source": source_id, "accounts": list(account_ids), "days": DAYS}
    seen = await connection.execute(
        """SELECT status, code, count(*) FROM signals
           WHERE source_id = %(source)s AND received_at > now() - %(days)s GROUP BY status, code""",
        values,
    )
    signals, refused_for = _counted(await seen.fetchall())
    decided = await connection.execute(
        """SELECT d.outcome, d.code, count(*) FROM signals g JOIN signal_decisions d ON d.signal_id = g.id
           WHERE g.source_id = %(source)s AND g.received_at > now() - %(days)s
             AND d.account_id = ANY(%(accounts)s) GROUP BY d.outcome, d.code""",
        values,
    )
    decisions, declined_for = _counted(await decided.fetchall())
    rest = await connection.execute(
        """SELECT (SELECT count(*) FROM follows WHERE source_id = %(source)s),
               (SELECT received_at FROM signals WHERE source_id = %(source)s ORDER BY id DESC LIMIT 1)""",
        values,
    )
    row = await rest.fetchone()
    assert row is not None
    return SourceStatistics(
        signals=signals,
        refused_for=refused_for,
        decisions=decisions,
        declined_for=declined_for,
        followers=row[0],
        last_signal_at=row[1],
    )


def _counted(rows: Sequence[tuple[str, str | None, int]]) -> tuple[dict[str, int], dict[str, int]]:
    kinds: dict[str, int] = {}
    codes: dict[str, int] = {}
    for kind, code, count in sorted(rows, key=lambda row: (row[0], row[1] or "")):
        kinds[kind] = kinds.get(kind, 0) + count
        if code is not None:
            codes[code] = codes.get(code, 0) + count
    return kinds, codes
