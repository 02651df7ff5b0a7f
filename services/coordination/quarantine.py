"""Prices too far from the last to be believed at once: kept until a second answer repeats them."""

from decimal import Decimal

import msgspec
from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, unavailable_without_redis
from services.domain.market import Market

KEPT_SECONDS = 3600


class Suspect(msgspec.Struct, frozen=True):
    """A jump as first seen: the bar's open time (epoch seconds) and close, and when it was seen (epoch seconds)."""

    bar: float
    close: Decimal
    seen: float


_decode = msgspec.msgpack.Decoder(Suspect).decode


async def first_seen(redis: Redis, market: Market, symbol: str, suspect: Suspect) -> Suspect:
    """The same jump as it was first seen, or `suspect` itself, which is remembered then. Raises Unavailable."""
    key = f"quarantine:{market}:{symbol}:{suspect.bar:.0f}"
    with unavailable_without_redis():
        stored = await redis.get(key)
        known = _decode(as_bytes(stored)) if stored else None
        if known is not None and known.close == suspect.close:
            return known
        await redis.set(key, msgspec.msgpack.encode(suspect), ex=KEPT_SECONDS)
    return suspect


async def listed(redis: Redis) -> list[str]:
    """`market:symbol:minute` (epoch seconds) of everything in quarantine, for operators. Raises Unavailable."""
    with unavailable_without_redis():
        return sorted([key.decode().removeprefix("quarantine:") async for key in redis.scan_iter("quarantine:*")])


async def read(redis: Redis, name: str) -> Suspect | None:
    """What is listed as `name`. Raises Unavailable."""
    with unavailable_without_redis():
        stored = await redis.get(f"quarantine:{name}")
    return _decode(as_bytes(stored)) if stored else None


async def drop(redis: Redis, name: str) -> bool:
    """Forget what is listed as `name`; False if nothing is. Raises Unavailable."""
    with unavailable_without_redis():
        return bool(await redis.delete(f"quarantine:{name}"))


async def believe(redis: Redis, name: str) -> bool:
    """Take what is listed as `name` for seen long ago, so that the next answer repeats it; False if nothing is.

    Raises Unavailable.
    """
    known = await read(redis, name)
    if known is None:
        return False
    seen = msgspec.msgpack.encode(msgspec.structs.replace(known, seen=0.0))
    with unavailable_without_redis():
        return bool(await redis.set(f"quarantine:{name}", seen, ex=KEPT_SECONDS, xx=True))
