"""The doorbell: a hint in Redis that streams have grown. Lost, repeated and reordered hints are harmless."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.domain.market import Market

CHANNEL = "doorbell"
_RECONNECT_SECONDS = 1.0

log = structlog.get_logger(__name__)


def prices(market: Market) -> str:
    """The bell's name for new quotes of a market; there is no such event stream."""
    return f"prices:{market}"


async def ring(redis: Redis, streams: Iterable[str]) -> None:
    """Tell whoever listens, best effort: readers poll as well."""
    names = ",".join(streams)
    if not names:
        return
    try:
        await redis.publish(CHANNEL, names)
    except RedisError as error:
        log.warning("doorbell_unheard", reason=str(error))


async def listen(redis: Redis) -> AsyncIterator[frozenset[str]]:
    """The streams of each ring, for ever; a lost connection is made anew."""
    while True:
        try:
            async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(CHANNEL)
                async for message in pubsub.listen():
                    yield frozenset(message["data"].decode().split(","))
        except RedisError as error:
            log.warning("doorbell_lost", reason=str(error))
            await asyncio.sleep(_RECONNECT_SECONDS)
