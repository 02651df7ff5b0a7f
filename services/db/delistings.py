"""Pairs on their way out: halted ones, those known to have ended, and what is still to be done before they are gone."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.pool import Connection
from services.domain.market import Market
from services.domain.trade import DecidedBy


class Halted(msgspec.Struct, frozen=True):
    """A suspended pair of which nothing tells yet that it has ended.

    `break_since` is when it was first seen as BREAK, and has been ever since; None where it is not.
    """

    instrument_id: int
    symbol: str
    break_since: datetime | None


class Ending(msgspec.Struct, frozen=True):
    """A pair that has ended at `delisted_at` and whose trades may not have.

    `price` settles them, in USDT, told as `settled_by` says; None: the last traded one, which is `last_close` once the
    path is judged to the end.
    `held_from` is the oldest minute that one of its trades waits for.
    """

    instrument_id: int
    symbol: str
    delisted_at: datetime
    price: Decimal | None
    settled_by: DecidedBy
    judged_to: datetime
    last_close: Decimal | None
    held_from: datetime | None


async def halted(connection: Connection, market: Market) -> list[Halted]:
    """The suspended pairs of a market that are not known to have ended."""
    cursor = await connection.execute(
        """SELECT id, symbol, break_since FROM instruments
           WHERE market = %s AND status = 'SUSPENDED' AND delisted_at IS NULL ORDER BY id""",
        [market],
    )
    return [Halted(*row) for row in await cursor.fetchall()]


async def note_breaks(connection: Connection, market: Market, symbols: Sequence[str], now: datetime) -> None:
    """Remember since when these pairs are seen as BREAK, and forget it of those that no longer are."""
    await connection.execute(
        """UPDATE instruments SET break_since = CASE WHEN symbol = ANY(%(symbols)s) THEN %(now)s END
           WHERE market = %(market)s AND status = 'SUSPENDED' AND delisted_at IS NULL
               AND (break_since IS NULL) = (symbol = ANY(%(symbols)s))""",
        {"market": market, "symbols": list(symbols), "now": now},
    )


async def note_end(
    connection: Connection, instrument_id: int, at: datetime, price: Decimal | None, settled_by: DecidedBy | None
) -> bool:
    """Store that a suspended pair ended at `at` and what settles its trades; False if it trades again or is gone.

    `settled_by` says who told the price.
    """
    cursor = await connection.execute(
        """UPDATE instruments SET delisted_at = %s, settlement_price = %s, settled_by = %s, updated_at = now()
           WHERE id = %s AND status = 'SUSPENDED' AND delisted_at IS NULL""",
        [at, price, settled_by if price is not None else None, instrument_id],
    )
    return cursor.rowcount == 1


async def ending(connection: Connection, market: Market) -> list[Ending]:
    """The pairs of a market that have ended and are not yet marked as delisted."""
    cursor = await connection.execute(
        """SELECT i.id, i.symbol, i.delisted_at, i.settlement_price,
               CASE WHEN i.settlement_price IS NULL THEN 'last_price' ELSE coalesce(i.settled_by, 'settlement') END,
               w.judged_to, w.last_close,
               (SELECT min(held_from) FROM live_triggers l WHERE l.instrument_id = i.id AND held_from IS NOT NULL)
           FROM instruments i JOIN watermarks w ON w.instrument_id = i.id
           WHERE i.market = %s AND i.status = 'SUSPENDED' AND i.delisted_at IS NOT NULL ORDER BY i.id""",
        [market],
    )
    return [
        Ending(id_, symbol, at, price, DecidedBy(settled_by), judged_to, last_close, held_from)
        for id_, symbol, at, price, settled_by, judged_to, last_close, held_from in await cursor.fetchall()
    ]


async def live_trades(connection: Connection, instrument_id: int, after: int, limit: int) -> list[int]:
    """Ids of the pair's live trades above `after`, ascending, at most `limit`."""
    cursor = await connection.execute(
        """SELECT trade_id FROM live_triggers WHERE instrument_id = %s AND trade_id > %s
           ORDER BY trade_id LIMIT %s""",
        [instrument_id, after, limit],
    )
    return [row[0] for row in await cursor.fetchall()]


async def finish(connection: Connection, instrument_id: int) -> bool:
    """Mark the pair as delisted; False while a trade of it lives. Its watermark is locked by this transaction."""
    cursor = await connection.execute(
        """UPDATE instruments i SET status = 'DELISTED', updated_at = now()
           WHERE id = %s AND status = 'SUSPENDED' AND delisted_at IS NOT NULL
               AND NOT EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = i.id)""",
        [instrument_id],
    )
    return cursor.rowcount == 1


async def symbols_with_live_trades(connection: Connection, market: Market) -> set[str]:
    """The suspended pairs of a market that have live trades: those whose path is still wanted."""
    cursor = await connection.execute(
        """SELECT symbol FROM instruments i WHERE market = %s AND status = 'SUSPENDED'
           AND EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = i.id)""",
        [market],
    )
    return {row[0] for row in await cursor.fetchall()}
