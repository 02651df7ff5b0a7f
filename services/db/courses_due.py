"""Accounts of which closings have been merged since their courses were last all kept: housekeeping's list of work."""

from collections.abc import Iterable
from datetime import datetime

from services.db.pool import Connection


async def note(connection: Connection, account_ids: Iterable[int]) -> None:
    """Put the accounts on the list, in the transaction that merges; one that is on it already waits from now on."""
    await connection.execute(
        """INSERT INTO courses_due (account_id) SELECT unnest(%s::bigint[])
           ON CONFLICT (account_id) DO UPDATE SET noted_at = excluded.noted_at""",
        [sorted(account_ids)],
    )


async def oldest(connection: Connection, limit: int) -> list[tuple[int, datetime]]:
    """The accounts that have waited longest, and since when."""
    cursor = await connection.execute(
        "SELECT account_id, noted_at FROM courses_due ORDER BY noted_at LIMIT %s", [limit]
    )
    return [(account_id, noted_at) for account_id, noted_at in await cursor.fetchall()]


async def done(connection: Connection, account_id: int, noted_at: datetime) -> None:
    """Take the account off the list, unless something was merged since it was read."""
    await connection.execute("DELETE FROM courses_due WHERE account_id = %s AND noted_at = %s", [account_id, noted_at])
