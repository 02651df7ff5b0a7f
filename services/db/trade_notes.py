"""The note on a trade: no rule depends on it and no event tells of it, but it is a version, so that no edit is lost."""

from services.db.pool import Connection


async def write(connection: Connection, trade_id: int, notes: str) -> None:
    """Put `notes` in place of what the trade's note was, as its next version.

    The instrument's watermark row is locked: a trade that is being settled keeps the version it was read at.
    """
    await connection.execute("UPDATE trades SET notes = %s, version = version + 1 WHERE id = %s", [notes, trade_id])
