"""Why a pair's path could not be had or judged, as the workers last saw it: the reasons behind a lag."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.coordination.scripts import as_bytes, unavailable_without_redis
from services.domain.market import Market

KEPT_SECONDS = 900


class Why(msgspec.Struct, frozen=True):
    """`code` is stable: budget, exchange, quarantined, bad_data, gap; `text` is for people."""

    code: str
    text: str
    at: datetime


_decode = msgspec.msgpack.Decoder(Why).decode


def why(code: str, text: str) -> Why:
    """A reason as of now."""
    return Why(code, text[:300], datetime.now(UTC))


async def note(redis: Redis, market: Market, reasons: Mapping[str, Why]) -> None:
    """Remember the reasons by symbol, for a quarter of an hour; best effort, for they are only told."""
    if not reasons:
        return
    with contextlib.suppress(RedisError):
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.hset(
                _key(market), mapping={symbol: msgspec.msgpack.encode(each) for symbol, each in reasons.items()}
            )
            pipeline.expire(_key(market), KEPT_SECONDS)
            await pipeline.execute()


async def reasons(redis: Redis, market: Market) -> dict[str, Why]:
    """By symbol, the last reason of the last quarter of an hour. Raises Unavailable."""
    with unavailable_without_redis():
        found = await redis.hgetall(_key(market))
    known = {as_bytes(symbol).decode(): _decode(as_bytes(each)) for symbol, each in found.items()}
    now = datetime.now(UTC)
    return {symbol: each for symbol, each in known.items() if (now - each.at).total_seconds() < KEPT_SECONDS}


def _key(market: Market) -> str:
    return f"missing:{market}"
