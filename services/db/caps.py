"""What a user has of something that is capped, counted so that of two who add one at once both are counted."""

from collections.abc import Sequence

from services.db.pool import Connection


async def count(connection: Connection, user_id: int, query: str, values: Sequence[object]) -> int:
    """What `query` counts of the user's; whoever else counts for them waits until this transaction ends."""
    await connection.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", [user_id])
    cursor = await connection.execute(query, values)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
