"""The database's clock: slot times and the stamps of rows. Trade time is the exchange's, never this."""

from datetime import datetime

from services.db.pool import Connection


async def transaction_time(connection: Connection) -> datetime:
    """When the present transaction began."""
    cursor = await connection.execute("SELECT now()")
    row = await cursor.fetchone()
    assert row is not None
    time: datetime = row[0]
    return time
