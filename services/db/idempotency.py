"""Idempotency keys: the first request with a key does the work, every later one gets its stored answer.

A key is its user's own, as the transaction was told of them; what nobody in particular does has its keys in common.
"""

from services.db.pool import Connection
from services.domain.errors import Conflict

_MINE = "scope = %s AND key = %s AND user_id IS NOT DISTINCT FROM present_user()"


async def claim(connection: Connection, scope: str, key: str, request_hash: str) -> bytes | None:
    """Take `key` for this transaction; the stored answer if an earlier request has finished with it.

    A concurrent request with the same key waits here until the first one commits or rolls back. Raises Conflict
    when the key was used for a different request.
    """
    taken = await connection.execute(
        "INSERT INTO idempotency (scope, key, request_hash) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [scope, key, request_hash],
    )
    if taken.rowcount == 1:
        return None
    body = await answered(connection, scope, key, request_hash)
    assert body is not None, "keys outlive the requests that may repeat them"
    return body


async def answered(connection: Connection, scope: str, key: str, request_hash: str) -> bytes | None:
    """The stored answer if a request has finished with `key`. Raises Conflict when that was a different request."""
    cursor = await connection.execute(f"SELECT request_hash, body FROM idempotency WHERE {_MINE}", [scope, key])
    row = await cursor.fetchone()
    if row is None:
        return None
    if row[0] != request_hash:
        raise Conflict(
            "idempotency_key_reused", "this Idempotency-Key was used for a different request", field="Idempotency-Key"
        )
    body: bytes = row[1]
    return body


async def store(connection: Connection, scope: str, key: str, body: bytes) -> None:
    """Keep the answer, in the transaction that did the work."""
    await connection.execute(f"UPDATE idempotency SET status = 200, body = %s WHERE {_MINE}", [body, scope, key])
