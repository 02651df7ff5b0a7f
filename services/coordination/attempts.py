"""Failed logins, counted by name and by address: beyond a few, the door stays shut for a while.

Counters expire by themselves, so what an attacker can fill is bounded by what the address limit lets through. When
Redis is away nobody can log in (who is in stays in): a door without a counter is none.
"""

import hashlib
from collections.abc import Iterable

from redis.asyncio import Redis

from services.coordination.scripts import unavailable_without_redis
from services.domain.errors import TooMany

NAME_FAILURES_MAX = 5
ADDRESS_FAILURES_MAX = 20
WINDOW_SECONDS = 900


class Attempts:
    """The counters."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def check(self, name: str, address: str) -> None:
        """Raises TooMany where one more attempt is not allowed."""
        limits = (NAME_FAILURES_MAX, ADDRESS_FAILURES_MAX)
        with unavailable_without_redis():
            for key, limit in zip(_keys(name, address), limits, strict=True):
                if int(await self._redis.get(key) or 0) >= limit:
                    wait = max(1, int(await self._redis.ttl(key)))
                    raise TooMany("locked_out", "too many failed logins: wait before the next one", retry_after=wait)

    async def is_first_at_shut_door(self, name: str, address: str, seconds: int) -> bool:
        """Whether nobody was turned away here in these seconds: one row of the log a shut door, however many knock."""
        with unavailable_without_redis():
            key = "turned_away:" + ":".join(_keys(name, address))
            return bool(await self._redis.set(key, 1, nx=True, ex=seconds))

    async def failed(self, name: str, address: str) -> None:
        """One more failure for both."""
        with unavailable_without_redis():
            async with self._redis.pipeline(transaction=True) as pipeline:
                for key in _keys(name, address):
                    pipeline.incr(key)
                    pipeline.expire(key, WINDOW_SECONDS)
                await pipeline.execute()

    async def succeeded(self, name: str, address: str) -> None:
        """The name's failures are forgotten; the address's stay, or one good login would buy more guesses."""
        with unavailable_without_redis():
            await self._redis.delete(next(iter(_keys(name, address))))


def _keys(name: str, address: str) -> Iterable[str]:
    """Names are hashed: what people type there by mistake is often their password."""
    return (f"failed:{hashlib.sha256(name.encode()).hexdigest()[:32]}", f"failed:{address}")
