"""Rings: a symbol is fetched at most once in a while, however many sweeps saw it touched."""

from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.domain.errors import Unavailable
from services.domain.market import Market


async def claim(redis: Redis, market: Market, symbols: Sequence[str], ttl_seconds: float) -> list[str]:
    """The symbols that nobody has rung for within the last `ttl_seconds`; they are the caller's now."""
    if not symbols:
        return []
    try:
        async with redis.pipeline(transaction=False) as pipeline:
            for symbol in symbols:
                pipeline.set(f"ring:{market}:{symbol}", b"1", nx=True, px=int(ttl_seconds * 1000))
            answers = await pipeline.execute()
    except RedisError as error:
        raise Unavailable(f"rings cannot be claimed: {error}") from error
    return [symbol for symbol, claimed in zip(symbols, answers, strict=True) if claimed]
