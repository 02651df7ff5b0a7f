"""Sums over closed trades, in one aggregate."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.pool import Connection


class ClosedSums(msgspec.Struct, frozen=True):
    """Sums over closed trades in USDT. A winner is a trade with a net profit above zero, a loser one below."""

    total: int
    winning: int
    losing: int
    net: Decimal
    gross_profit: Decimal
    gross_loss: Decimal
    largest_win: Decimal | None
    largest_loss: Decimal | None
    fees: Decimal
    seconds: Decimal


async def closed_sums(connection: Connection, account_ids: tuple[int, ...], since: datetime | None) -> ClosedSums:
    """The sums over the accounts' trades closed at or after `since` (all of them if None)."""
    cursor = await connection.execute(
        """SELECT count(*), count(*) FILTER (WHERE profit_loss > 0), count(*) FILTER (WHERE profit_loss < 0),
                  coalesce(sum(profit_loss), 0),
                  coalesce(sum(profit_loss) FILTER (WHERE profit_loss > 0), 0),
                  coalesce(-sum(profit_loss) FILTER (WHERE profit_loss < 0), 0),
                  max(profit_loss) FILTER (WHERE profit_loss > 0), min(profit_loss) FILTER (WHERE profit_loss < 0),
                  coalesce(sum(fees), 0),
                  coalesce(sum(extract(epoch FROM exit_time - entry_time)), 0)
           FROM trades WHERE account_id = ANY(%(accounts)s) AND exit_time IS NOT NULL
               AND (%(since)s::timestamptz IS NULL OR exit_time >= %(since)s)""",
        {"accounts": list(account_ids), "since": since},
    )
    row = await cursor.fetchone()
    assert row is not None
    return ClosedSums(*row)
