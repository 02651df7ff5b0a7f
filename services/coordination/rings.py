"""Rings: a symbol is fetched at most once in a while, however many sweeps saw it touched."""

import math
from collections.abc import Sequence

from redis.asyncio import Redis

from services.coordination.scripts import unavailable_without_redis
from services.domain.market import Market


async def claim(redis: Redis, market: Market, symbols: Sequence[str], ttl_seconds: float) -> list[str]:
    """The symbols that nobody has rung for within the last `ttl_seconds`; they are the caller's now.

    Raises Unavailable.
    """
    if not symbols:
        return []
    with unavailable_without_redis():
        async with redis.pipeline(transaction=False) as pipeline:
            for symbol in symbols:
                pipeline.set(f"ring:{market}:{symbol}", b"1", nx=True, px=math.ceil(ttl_seconds * 1000))
            answers = await pipeline.execute()
    return [symbol for symbol, claimed in zip(symbols, answers, strict=True) if claimed]
