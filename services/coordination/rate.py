"""Rate limits, the same for the whole fleet: one Lua script and one key a limit, on Redis' clock."""

from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis

from services.coordination.scripts import script


class Room(msgspec.Struct, frozen=True):
    """What a limit says: whether this one is admitted, how many more now, and the waits in seconds."""

    admitted: bool
    remaining: int
    retry_after: float
    reset_after: float


class Limit(msgspec.Struct, frozen=True):
    """`per_minute` in the long run, `burst` of them at once."""

    name: str
    per_minute: float
    burst: int


class RateLimits:
    """Takes from limits. Raises RedisError when Redis is away: the caller decides what that means."""

    def __init__(self, redis: Redis) -> None:
        self._script = script(redis, "gcra")

    async def take(self, *limits: Limit) -> Room:
        """One from each of the limits, or from none; the room is that of the tightest."""
        return await self._run(1, limits)

    async def look(self, limit: Limit) -> Room:
        """Whether one could be taken now."""
        return await self._run(0, [limit])

    async def _run(self, takes: int, limits: Sequence[Limit]) -> Room:
        told = [number for limit in limits for number in (int(60_000_000 / limit.per_minute), limit.burst)]
        keys = [f"rate:{limit.name}" for limit in limits]
        admitted, remaining, wait, reset = await self._script(keys=keys, args=[takes, *told])
        return Room(bool(admitted), int(remaining), int(wait) / 1e6, int(reset) / 1e6)
