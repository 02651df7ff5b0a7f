"""Closed trades that are struck out: the record of it, and the figures as if they had never closed.

Sums of a day are written anew from its trades, and what was kept of it is forgotten. Whoever merges sums or keeps
courses meanwhile takes `LOCK` too: neither may bring back what it read before.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.closings import RESULTS_OF_DAY
from services.db.pool import Connection
from services.domain.trade import TradeStatus

LOCK = 0x766F6964  # "void" in ASCII


class Void(msgspec.Struct, frozen=True):
    """A trade that was struck out: how it had closed and with what profit in USDT, why, by whom and when."""

    trade_id: int
    account_id: int
    status: TradeStatus
    profit_loss: Decimal
    reason: str
    by_whom: str
    at: datetime


async def record(
    connection: Connection, trade_id: int, status: str, profit_loss: Decimal, reason: str, by_whom: str
) -> bool:
    """Keep how the trade had closed, and who struck it out for what reason; False when somebody has already."""
    kept = await connection.execute(
        """INSERT INTO voids (trade_id, status, profit_loss, reason, by_whom) VALUES (%s, %s, %s, %s, %s)
           ON CONFLICT DO NOTHING""",
        [trade_id, status, profit_loss, reason, by_whom],
    )
    return kept.rowcount == 1


async def leave_out(connection: Connection, trade_ids: Sequence[int]) -> None:
    """Have the sums and courses of these trades' days be as if they had never closed.

    The trades are marked already, in this transaction.
    """
    if not trade_ids:
        return
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    cursor = await connection.execute(
        """SELECT DISTINCT account_id, (exit_time AT TIME ZONE 'UTC')::date FROM trades WHERE id = ANY(%s)
           ORDER BY 1, 2""",
        [list(trade_ids)],
    )
    for account_id, day in await cursor.fetchall():
        await connection.execute(RESULTS_OF_DAY, {"account": account_id, "day": day})
        await connection.execute("DELETE FROM courses WHERE %s = ANY(account_ids) AND day = %s", [account_id, day])
    await connection.execute("UPDATE system SET struck_out = struck_out + %s", [len(trade_ids)])


class Key(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of struck out trades ends."""

    at: datetime
    trade_id: int


async def page(connection: Connection, limit: int, before: Key | None) -> list[Void]:
    """At most `limit` trades that were struck out before the one of `before`, newest first."""
    cursor = await connection.execute(
        """SELECT v.trade_id, t.account_id, v.status, v.profit_loss, v.reason, v.by_whom, v.at
           FROM voids v JOIN trades t ON t.id = v.trade_id
           WHERE %(at)s::timestamptz IS NULL OR (v.at, v.trade_id) < (%(at)s, %(trade)s::bigint)
           ORDER BY v.at DESC, v.trade_id DESC LIMIT %(limit)s""",
        {"at": before and before.at, "trade": before and before.trade_id, "limit": limit},
    )
    return [Void(id_, account, TradeStatus(status), *rest) for id_, account, status, *rest in await cursor.fetchall()]
