"""Settled funding by contract, and when each is settled next."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from services.db.pool import Connection
from services.domain.funding import Settlement


class Clock(msgspec.Struct, frozen=True):
    """What is known of a contract's funding.

    due     the next settlement that is not stored; None where none is to come, or nothing is known yet
    known   whether `due` was ever told
    since   when the oldest of its open trades was entered; None without any
    ended   whether the contract was taken off: no more settlements come
    """

    instrument_id: int
    symbol: str
    due: datetime | None
    known: bool
    since: datetime | None
    ended: bool = False


async def clocks(connection: Connection) -> list[Clock]:
    """The clocks of all contracts."""
    cursor = await connection.execute(
        """SELECT i.id, i.symbol, k.due, k.instrument_id IS NOT NULL, o.entered,
               i.delisted_at IS NOT NULL
           FROM instruments i LEFT JOIN funding_clocks k ON k.instrument_id = i.id
           LEFT JOIN LATERAL (
               SELECT min(coalesce(t.entry_time, t.created_at)) AS entered
               FROM live_triggers l JOIN trades t ON t.id = l.trade_id
               WHERE l.instrument_id = i.id AND k.instrument_id IS NULL
           ) o ON true
           WHERE i.market = 'FUTURES' AND i.status <> 'DELISTED' ORDER BY i.id"""
    )
    return [Clock(*row) for row in await cursor.fetchall()]


async def store(
    connection: Connection, settlements: Mapping[int, Sequence[Settlement]], due: Mapping[int, datetime | None]
) -> None:
    """Append settlements by instrument id, those already stored left out, and set the clocks that moved."""
    rows = [
        {"instrument_id": id_, "time": each.time, "amount": each.amount}
        for id_, found in settlements.items()
        for each in found
    ]
    if rows:
        # One writer at a time: each total builds on the one before.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('funding'))")
        await connection.execute(_APPEND, [msgspec.json.encode(rows).decode()])
    if due:
        await connection.execute(
            """INSERT INTO funding_clocks (instrument_id, due) SELECT * FROM unnest(%s::int[], %s::timestamptz[])
               ON CONFLICT (instrument_id) DO UPDATE SET due = excluded.due
               WHERE funding_clocks.due IS DISTINCT FROM excluded.due""",
            [list(due), list(due.values())],
        )


async def live(connection: Connection) -> set[int]:
    """The contracts with live trades that funding concerns."""
    cursor = await connection.execute(
        """SELECT i.id FROM instruments i WHERE i.market = 'FUTURES'
           AND EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = i.id)"""
    )
    return {row[0] for row in await cursor.fetchall()}


async def held(connection: Connection, instrument_ids: Iterable[int]) -> list[str]:
    """The symbols of these contracts that have a trade held for data."""
    cursor = await connection.execute(
        """SELECT i.symbol FROM instruments i WHERE i.id = ANY(%s) AND EXISTS (
               SELECT FROM live_triggers l WHERE l.instrument_id = i.id AND l.held_from IS NOT NULL)
           ORDER BY i.symbol""",
        [list(instrument_ids)],
    )
    return [row[0] for row in await cursor.fetchall()]


_APPEND = """
INSERT INTO funding_settlements (instrument_id, time, amount, total)
SELECT v.instrument_id, v.time, v.amount,
    coalesce(last.total, 0) + sum(v.amount) OVER (PARTITION BY v.instrument_id ORDER BY v.time)
FROM json_to_recordset(%s::json) AS v(instrument_id int, time timestamptz, amount numeric)
LEFT JOIN LATERAL (
    SELECT s.time, s.total FROM funding_settlements s WHERE s.instrument_id = v.instrument_id
    ORDER BY s.time DESC LIMIT 1
) last ON true
WHERE last.time IS NULL OR v.time > last.time
"""
