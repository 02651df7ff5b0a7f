"""The halts in force. Read in the transaction that would do what they forbid."""

from datetime import datetime

from services.db.pool import Connection
from services.domain.halts import Halt, Halted


async def in_force(connection: Connection) -> list[Halt]:
    """What is stopped, oldest first."""
    cursor = await connection.execute("SELECT what, reason, by_whom, since FROM halts ORDER BY since, what")
    return [Halt(Halted(what), reason, by_whom, since) for what, reason, by_whom, since in await cursor.fetchall()]


async def put(connection: Connection, what: Halted, reason: str, by_whom: str) -> datetime | None:
    """Stop it; since when, or None when it was stopped already, which then stays as it is."""
    cursor = await connection.execute(
        """INSERT INTO halts (what, reason, by_whom, since) VALUES (%s, %s, %s, clock_timestamp())
           ON CONFLICT DO NOTHING RETURNING since""",
        [what, reason, by_whom],
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def lift(connection: Connection, what: Halted) -> bool:
    """Let it run again; False when it was not stopped."""
    return (await connection.execute("DELETE FROM halts WHERE what = %s", [what])).rowcount == 1
