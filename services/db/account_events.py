"""Events of an account's stream that no trade writes: its mode, and what its owner must know."""

from collections.abc import Mapping

import msgspec

from services.db.pool import Connection


async def append(
    connection: Connection, account_id: int, type_: str, action: str, payload: Mapping[str, object]
) -> str:
    """Append one event in the caller's transaction, as its last write: account rows are locked late. The stream."""
    await connection.execute(
        """WITH moved AS (UPDATE accounts SET event_seq = event_seq + 1 WHERE id = %s RETURNING id, event_seq)
           INSERT INTO events (stream, seq, created_at, type, action, payload)
           SELECT 'a' || id, event_seq, clock_timestamp(), %s, %s, %s::json FROM moved""",
        [account_id, type_, action, msgspec.json.encode({"type": type_, "action": action, **payload}).decode()],
    )
    return f"a{account_id}"


async def first_account(connection: Connection, user_id: int) -> int | None:
    """The account in whose stream its owner is told of what concerns no single account."""
    cursor = await connection.execute("SELECT min(id) FROM accounts WHERE user_id = %s", [user_id])
    row = await cursor.fetchone()
    return None if row is None else row[0]
