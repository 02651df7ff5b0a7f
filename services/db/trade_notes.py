"""The note on a trade: no rule depends on it, so it changes without a version and without an event."""

from services.db.pool import Connection


async def write(connection: Connection, trade_id: int, notes: str) -> None:
    """Put `notes` in place of what the trade's note was."""
    await connection.execute("UPDATE trades SET notes = %s WHERE id = %s", [notes, trade_id])
