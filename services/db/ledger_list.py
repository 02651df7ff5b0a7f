"""Pages of an account's ledger, newest first."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec
from psycopg.rows import class_row

from services.db.pool import Connection


class LedgerEntry(msgspec.Struct, frozen=True):
    """One booking in USDT; positive raised the balance. `trade_id` is null for deposits."""

    id: int
    kind: Literal["deposit", "reset", "entry_fee", "gross_profit", "exit_fee", "loss_cap", "funding", "void"]
    trade_id: int | None
    amount: Decimal
    booked_at: datetime


async def page(connection: Connection, account_id: int, limit: int, before: int | None) -> list[LedgerEntry]:
    """At most `limit` bookings of the account older than the booking `before`."""
    async with connection.cursor(row_factory=class_row(LedgerEntry)) as cursor:
        await cursor.execute(
            """SELECT id, kind, trade_id, amount, booked_at FROM ledger
               WHERE account_id = %(account)s AND id < coalesce(%(before)s::bigint, 9223372036854775807)
               ORDER BY id DESC LIMIT %(limit)s""",
            {"account": account_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()
