"""What accounts were given, and what they had made of it before a day."""

from datetime import date
from decimal import Decimal

from services.db.pool import Connection


async def at_begin_of(connection: Connection, account_ids: tuple[int, ...], day: date | None) -> Decimal:
    """All that was booked on the accounts for no trade, and the profit of trades closed before `day` (None: none)."""
    cursor = await connection.execute(
        """SELECT coalesce((SELECT sum(amount) FROM ledger WHERE account_id = ANY(%(ids)s) AND trade_id IS NULL), 0)
               + coalesce((SELECT sum(net) FROM results
                           WHERE account_id = ANY(%(ids)s) AND instrument_id IS NULL AND day < %(day)s), 0)""",
        {"ids": list(account_ids), "day": day},
    )
    row = await cursor.fetchone()
    assert row is not None
    capital: Decimal = row[0]
    return capital
