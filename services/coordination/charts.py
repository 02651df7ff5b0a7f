"""Candles for charts, kept for a moment: many people look at the same pair. Lost, they are asked for again."""

import msgspec
from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, unavailable_without_redis
from services.domain.candles import Candle

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Candle]).decode


async def cached(redis: Redis, key: str) -> list[Candle] | None:
    """What was kept under `key`. Raises Unavailable when Redis is away."""
    with unavailable_without_redis():
        value = await redis.get(f"candles:{key}")
    return None if value is None else _decode(as_bytes(value))


async def keep(redis: Redis, key: str, candles: list[Candle], seconds: float) -> None:
    """Keep `candles` for `seconds` of wall time. Raises Unavailable when Redis is away."""
    with unavailable_without_redis():
        await redis.set(f"candles:{key}", _encode(candles), px=max(1, round(seconds * 1000)))
