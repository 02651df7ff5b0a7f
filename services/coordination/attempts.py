"""Attempts to log in, counted by name and by address: beyond a few, the door stays shut for a while.

An attempt is counted before its password is looked at, so that those made at once count each other; one that was right
is taken back. Counters expire by themselves, so what an attacker can fill is bounded by what the address limit lets
through. When Redis is away nobody can log in (who is in stays in): a door without a counter is none.
"""

import hashlib

from redis.asyncio import Redis

from services.coordination.caller_network import network_of
from services.coordination.scripts import script, unavailable_without_redis
from services.domain.errors import TooMany

NAME_FAILURES_MAX = 5
ADDRESS_FAILURES_MAX = 20
WINDOW_SECONDS = 900


class Attempts:
    """The counters."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._begin = script(redis, "begin_attempt")

    async def begin(self, name: str, address: str) -> None:
        """Count one more attempt, as a failure until it has `succeeded`. Raises TooMany where it is not allowed."""
        limits = [NAME_FAILURES_MAX, ADDRESS_FAILURES_MAX, WINDOW_SECONDS]
        with unavailable_without_redis():
            wait = int(await self._begin(keys=_keys(name, address), args=limits))
        if wait:
            raise TooMany("locked_out", "too many failed logins: wait before the next one", retry_after=wait)

    async def is_first_at_shut_door(self, name: str, address: str, seconds: int) -> bool:
        """Whether nobody was turned away here in these seconds: one row of the log a shut door, however many knock."""
        with unavailable_without_redis():
            key = "turned_away:" + ":".join(_keys(name, address))
            return bool(await self._redis.set(key, 1, nx=True, ex=seconds))

    async def succeeded(self, name: str, address: str) -> None:
        """The name's failures are forgotten; of the address's only this one, or a good login would buy more guesses."""
        by_name, by_address = _keys(name, address)
        with unavailable_without_redis():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.delete(by_name)
                pipeline.decr(by_address)
                pipeline.expire(by_address, WINDOW_SECONDS, nx=True)  # where it has run out meanwhile
                await pipeline.execute()


def _keys(name: str, address: str) -> tuple[str, str]:
    """Names are hashed: what people type there by mistake is often their password."""
    return f"failed:{hashlib.sha256(name.encode()).hexdigest()[:32]}", f"failed:{network_of(address)}"
