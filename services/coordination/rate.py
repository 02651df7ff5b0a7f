"""Rate limits, the same for the whole fleet: one Lua script and one key a limit, on Redis' clock."""

import msgspec
from redis.asyncio import Redis

from services.coordination.scripts import script


class Room(msgspec.Struct, frozen=True):
    """What a limit says: whether this one is admitted, how many more now, and the waits in seconds."""

    admitted: bool
    remaining: int
    retry_after: float
    reset_after: float


class RateLimits:
    """Takes from limits. Raises RedisError when Redis is away: the caller decides what that means."""

    def __init__(self, redis: Redis) -> None:
        self._take = script(redis, "gcra")

    async def take(self, name: str, *, per_minute: float, burst: int) -> Room:
        """One from the limit `name`: `per_minute` in the long run, `burst` of them at once."""
        interval = int(60_000_000 / per_minute)
        admitted, remaining, wait, reset = await self._take(keys=[f"rate:{name}"], args=[interval, burst])
        return Room(bool(admitted), int(remaining), int(wait) / 1e6, int(reset) / 1e6)
