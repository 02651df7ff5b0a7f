"""Prices too far from the last to be believed at once: kept until a second answer repeats them."""

from decimal import Decimal

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.coordination.prices import as_bytes
from services.domain.errors import Unavailable
from services.domain.market import Market

KEPT_SECONDS = 3600


class Suspect(msgspec.Struct, frozen=True):
    """A jump as first seen: the bar's open time (epoch seconds) and close, and when it was seen (epoch seconds)."""

    bar: float
    close: Decimal
    seen: float


_decode = msgspec.msgpack.Decoder(Suspect).decode


async def first_seen(redis: Redis, market: Market, symbol: str, suspect: Suspect) -> Suspect:
    """The same jump as it was first seen, or `suspect` itself, which is remembered then."""
    key = f"quarantine:{market}:{symbol}"
    try:
        stored = await redis.get(key)
        known = _decode(as_bytes(stored)) if stored else None
        if known is not None and (known.bar, known.close) == (suspect.bar, suspect.close):
            return known
        await redis.set(key, msgspec.msgpack.encode(suspect), ex=KEPT_SECONDS)
    except RedisError as error:
        raise Unavailable(f"the quarantine is away: {error}") from error
    return suspect


async def listed(redis: Redis) -> list[str]:
    """`market:symbol` of everything in quarantine, for operators."""
    return sorted([key.decode().removeprefix("quarantine:") async for key in redis.scan_iter("quarantine:*")])
