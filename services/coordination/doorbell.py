"""The doorbell: a hint in Redis that streams have grown. Lost, repeated and reordered hints are harmless."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from services.coordination.scripts import as_bytes
from services.domain.market import Market

CHANNEL = "doorbell"
SILENCE_SECONDS = 15.0
"""Sweeps ring every few seconds; a connection silent for so long is taken for dead and made anew."""

RECONNECT_SECONDS = 0.5

log = structlog.get_logger(__name__)


def prices(market: Market) -> str:
    """The bell's name for new quotes of a market; there is no such event stream."""
    return f"prices:{market}"


async def ring(redis: Redis, streams: Iterable[str]) -> None:
    """Tell whoever listens, best effort: readers poll as well. A failure of Redis is logged and nothing else."""
    names = ",".join(streams)
    if not names:
        return
    try:
        await redis.publish(CHANNEL, names)
    except RedisError as error:
        log.warning("doorbell_unheard", reason=str(error))


async def listen(redis: Redis) -> AsyncIterator[frozenset[str]]:
    """The streams rung, for ever; a lost connection is made anew. Rings that are there together come as one set."""
    while True:
        try:
            async with redis.pubsub(ignore_subscribe_messages=True) as subscription:
                await subscription.subscribe(CHANNEL)
                while streams := await _next(subscription):
                    yield streams
        except RedisError as error:
            log.warning("doorbell_lost", reason=str(error))
        await asyncio.sleep(RECONNECT_SECONDS)


async def _next(subscription: PubSub) -> frozenset[str]:
    """The streams of the next rings; none after too long a silence."""
    streams: set[str] = set()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SILENCE_SECONDS
    while (left := 0.0 if streams else deadline - loop.time()) >= 0:
        message = await subscription.get_message(timeout=left)
        if message is not None and message["type"] == "message":
            streams.update(as_bytes(message["data"]).decode(errors="replace").split(","))
        elif streams:
            break
    return frozenset(streams)
