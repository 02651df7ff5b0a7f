"""How long the fleet's short work last took, whoever did it: sweeps and rings."""

import contextlib
from datetime import UTC, datetime

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.coordination.scripts import as_bytes, unavailable_without_redis

_KEY = "timings"


class Timing(msgspec.Struct, frozen=True):
    """The last run of something: wall seconds, and when it ended."""

    seconds: float
    at: datetime


_decode = msgspec.msgpack.Decoder(Timing).decode


async def note(redis: Redis, what: str, seconds: float) -> None:
    """Remember a run; best effort."""
    with contextlib.suppress(RedisError):
        await redis.hset(_KEY, what, msgspec.msgpack.encode(Timing(round(seconds, 4), datetime.now(UTC))))


async def last(redis: Redis) -> dict[str, Timing]:
    """The last run of everything that was ever timed. Raises Unavailable."""
    with unavailable_without_redis():
        found = await redis.hgetall(_KEY)
    return {as_bytes(what).decode(): _decode(as_bytes(each)) for what, each in sorted(found.items())}
