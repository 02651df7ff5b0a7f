"""Watermarks as operators look at them: the pairs furthest behind."""

from datetime import datetime

import msgspec

from services.db.pool import Connection
from services.domain.market import InstrumentStatus, Market


class Waiting(msgspec.Struct, frozen=True):
    """A pair: judged so far, its live trades, and the oldest minute that one of them waits for finer data of."""

    market: Market
    symbol: str
    status: InstrumentStatus
    judged_to: datetime
    live_trades: int
    held_from: datetime | None


async def furthest(connection: Connection, limit: int) -> list[Waiting]:
    """At most `limit` of each market's pairs that trade or have live trades, least judged first."""
    cursor = await connection.execute(
        """WITH ranked AS (
               SELECT i.id, i.market, i.symbol, i.status, w.judged_to,
                      row_number() OVER (PARTITION BY i.market ORDER BY w.judged_to, i.symbol) AS place
               FROM watermarks w JOIN instruments i ON i.id = w.instrument_id
               WHERE i.status = 'TRADING' OR EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = i.id))
           SELECT r.market, r.symbol, r.status, r.judged_to, l.trades, l.held_from
           FROM ranked r CROSS JOIN LATERAL (
               SELECT count(*) AS trades, min(held_from) AS held_from FROM live_triggers WHERE instrument_id = r.id) l
           WHERE r.place <= %s""",
        [limit],
    )
    return [
        Waiting(Market(market), symbol, InstrumentStatus(status), judged_to, trades, held_from)
        for market, symbol, status, judged_to, trades, held_from in await cursor.fetchall()
    ]
