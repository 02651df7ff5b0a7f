"""What the system says of itself, from the database: trade counts, lag, the newest closings."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.pool import Connection
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.trade import TradeStatus


class TradeCounts(msgspec.Struct, frozen=True):
    """Trades of the whole system by status; `held` of the live ones wait for finer data."""

    by_status: dict[str, int]
    held: int
    ambiguous: int = 0

    @property
    def ambiguous_share(self) -> float | None:
        """The share of closed trades that are ambiguous; None before the first."""
        closed = sum(count for status, count in self.by_status.items() if status.startswith("CLOSED_"))
        return round(self.ambiguous / closed, 6) if closed else None


class Behind(msgspec.Struct, frozen=True):
    """The instrument of a market whose path has been judged least far."""

    market: Market
    symbol: str
    judged_to: datetime


class Closed(msgspec.Struct, frozen=True):
    """A closing as the live screen shows it."""

    trade_id: int
    symbol: str
    market_type: Market
    direction: Direction
    status: TradeStatus
    profit_loss: Decimal | None
    exit_time: datetime | None


async def trade_counts(connection: Connection) -> TradeCounts:
    """Counts every trade there is: linear in their number, so callers keep the answer for a while."""
    cursor = await connection.execute(
        "SELECT status, count(*), count(*) FILTER (WHERE ambiguous) FROM trades GROUP BY status"
    )
    rows = await cursor.fetchall()
    by_status: dict[str, int] = {status: count for status, count, _ in rows}
    ambiguous = sum(unclear for status, _, unclear in rows if status.startswith("CLOSED_"))
    cursor = await connection.execute("SELECT count(*) FROM live_triggers WHERE held_from IS NOT NULL")
    row = await cursor.fetchone()
    assert row is not None
    return TradeCounts(by_status, row[0], ambiguous)


async def furthest_behind(connection: Connection) -> list[Behind]:
    """By market, the trading instrument with the oldest watermark."""
    cursor = await connection.execute(
        """SELECT DISTINCT ON (i.market) i.market, i.symbol, w.judged_to
           FROM watermarks w JOIN instruments i ON i.id = w.instrument_id
           WHERE i.status = 'TRADING' ORDER BY i.market, w.judged_to, i.symbol"""
    )
    return [Behind(Market(market), symbol, judged_to) for market, symbol, judged_to in await cursor.fetchall()]


async def recent_closes(connection: Connection, stream: str, among: int, limit: int) -> list[Closed]:
    """The newest closings among the last `among` events of an account's stream, newest first."""
    cursor = await connection.execute(
        """SELECT (trade ->> 'id')::bigint, trade ->> 'symbol', trade ->> 'market_type', trade ->> 'direction',
                  trade ->> 'status', (trade ->> 'profit_loss')::numeric, (trade ->> 'exit_time')::timestamptz
           FROM (SELECT seq, action, payload -> 'trade' AS trade FROM events
                 WHERE stream = %s ORDER BY seq DESC LIMIT %s) AS newest
           WHERE action = 'closed' ORDER BY seq DESC LIMIT %s""",
        [stream, among, limit],
    )
    return [
        msgspec.convert(dict(zip(Closed.__struct_fields__, row, strict=True)), Closed)
        for row in await cursor.fetchall()
    ]


async def epoch(connection: Connection) -> str:
    """The name of this database's history; a restore changes it."""
    cursor = await connection.execute("SELECT epoch FROM system")
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def trading_pairs(connection: Connection) -> int:
    """How many instruments take new trades."""
    cursor = await connection.execute("SELECT count(*) FROM instruments WHERE status = 'TRADING'")
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
