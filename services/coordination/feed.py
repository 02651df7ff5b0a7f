"""Whether a market's feed still moves: the same answer, sweep after sweep, is a frozen feed."""

import msgspec
from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, unavailable_without_redis
from services.domain.market import Market

_KEPT_SECONDS = 3600


class Sight(msgspec.Struct, frozen=True):
    """What the last sweep saw, as a fingerprint, and how many sweeps in a row have seen just that."""

    fingerprint: int
    sweeps: int


_decode = msgspec.msgpack.Decoder(Sight).decode


async def look(redis: Redis, market: Market, fingerprint: int) -> tuple[int, int]:
    """How many sweeps in a row, this one included, have seen `fingerprint`; and how many had seen the one before.

    Raises Unavailable when Redis is away.
    """
    key = f"feed:{market}"
    with unavailable_without_redis():
        stored = await redis.get(key)
        last = _decode(as_bytes(stored)) if stored else Sight(fingerprint, 0)
        sweeps = last.sweeps + 1 if last.fingerprint == fingerprint else 1
        await redis.set(key, msgspec.msgpack.encode(Sight(fingerprint, sweeps)), ex=_KEPT_SECONDS)
    return sweeps, last.sweeps
