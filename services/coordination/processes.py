"""Which processes of the fleet are alive: each says so every few seconds, on Redis' clock."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import cast
from uuid import uuid4

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services import endings
from services.coordination.scripts import as_bytes, unavailable_without_redis

BEAT_SECONDS = 5
ALIVE_SECONDS = 16
"""Who has missed three beats is not counted as alive."""
_FORGOTTEN_SECONDS = 300
_BEATS, _FACTS = "processes:beats", "processes:facts"

log = structlog.get_logger(__name__)


class Process(msgspec.Struct, frozen=True):
    """A living process.

    kind         worker, scheduler or api
    queues       those a worker serves
    connections  to PostgreSQL, that it may hold at most; 0 from a process of an older version, which does not tell
    """

    kind: str
    host: str
    pid: int
    started_at: datetime
    queues: tuple[str, ...] = ()
    connections: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Process).decode


@asynccontextmanager
async def beating(
    redis: Redis, kind: str, queues: tuple[str, ...] = (), *, connections: int = 0
) -> AsyncIterator[None]:
    """Tell that this process lives, as long as the context does. A Redis that is away is told again later."""
    id_ = str(uuid4())
    facts = _encode(Process(kind, socket.gethostname(), os.getpid(), datetime.now(UTC), queues, connections))
    task = asyncio.create_task(_beat(redis, id_, facts), name="heartbeat")
    try:
        yield
    finally:
        await endings.end([task])
        with suppress(RedisError):
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.zrem(_BEATS, id_)
                pipeline.hdel(_FACTS, id_)
                await pipeline.execute()


async def alive(redis: Redis) -> list[Process]:
    """Every process that has told of itself lately, by kind and age. Raises Unavailable."""
    with unavailable_without_redis():
        now, _ = await redis.time()
        ids = cast("list[bytes]", await redis.zrangebyscore(_BEATS, now - ALIVE_SECONDS, "+inf"))
        facts = await redis.hmget(_FACTS, [id_.decode() for id_ in ids]) if ids else []
    found = [_decode(as_bytes(each)) for each in facts if each is not None]
    return sorted(found, key=lambda process: (process.kind, process.started_at))


async def _beat(redis: Redis, id_: str, facts: bytes) -> None:
    told = True
    while True:
        try:
            now, _ = await redis.time()
            gone = cast("list[bytes]", await redis.zrangebyscore(_BEATS, "-inf", now - _FORGOTTEN_SECONDS))
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.zadd(_BEATS, {id_: now})
                pipeline.hset(_FACTS, mapping={id_: facts})
                if gone:
                    pipeline.zrem(_BEATS, *gone)
                    pipeline.hdel(_FACTS, *[each.decode() for each in gone])
                await pipeline.execute()
            told = True
        except RedisError as error:
            if told:
                log.warning("heartbeat_not_told", reason=str(error))
            told = False
        await asyncio.sleep(BEAT_SECONDS)
