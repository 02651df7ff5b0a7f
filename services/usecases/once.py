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


class Keyed(msgspec.Struct, frozen=True):
    """A wish and the key that it came with, for work that commits by itself. Without a key nothing is kept.

    A key is known in its `scope`, and bound to its wish: each method raises Conflict where it came with another one.
    """

    scope: str
    key: str | None
    wish: object

    async def answered(self, connection: Connection) -> bytes | None:
        """The answer that an earlier request was given, if one has ended."""
        if self.key is None:
            return None
        return await idempotency.answered(connection, self.scope, self.key, self._fingerprint())

    async def claim(self, connection: Connection) -> bytes | None:
        """The same, and None makes the key this transaction's: others with it wait until that ends."""
        if self.key is None:
            return None
        return await idempotency.claim(connection, self.scope, self.key, self._fingerprint())

    async def keep(self, connection: Connection, body: bytes) -> None:
        """Keep the answer of the transaction that has claimed the key, before it commits."""
        if self.key is not None:
            await idempotency.store(connection, self.scope, self.key, body)

    def _fingerprint(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self.wish, order="deterministic")).hexdigest()


async def once(
    connection: Connection, scope: str, key: str | None, wish: object, work: Callable[[], Awaitable[bytes]]
) -> Done:
    """What `work` answers, done in this transaction unless `key` was seen before in `scope`. Raises Conflict."""
    keyed = Keyed(scope, key, wish)
    answered = await keyed.claim(connection)
    if answered is not None:
        return Done(answered, repeated=True)
    body = await work()
    await keyed.keep(connection, body)
    return Done(body)


def shown_once(body: bytes, **secret: str) -> bytes:
    """A kept answer with the secret that is not kept."""
    return msgspec.json.encode(msgspec.json.decode(body) | secret)
