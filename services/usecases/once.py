"""Do a request once for its Idempotency-Key: the work and the kept answer share one transaction."""

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from services.db import idempotency
from services.db.pool import Connection


class Done(msgspec.Struct, frozen=True):
    """The answer as JSON; `repeated` when an earlier request with the same key had given it."""

    body: bytes
    repeated: bool = False


async def once(
    connection: Connection, scope: str, key: str | None, wish: object, work: Callable[[], Awaitable[bytes]]
) -> Done:
    """What `work` answers, done in this transaction unless `key` was seen before in `scope`. Raises Conflict."""
    if key is None:
        return Done(await work())
    fingerprint = hashlib.sha256(msgspec.json.encode(wish, order="deterministic")).hexdigest()
    answered = await idempotency.claim(connection, scope, key, fingerprint)
    if answered is not None:
        return Done(answered, repeated=True)
    body = await work()
    await idempotency.store(connection, scope, key, body)
    return Done(body)
