"""The task queues as operators see them: depths, dead letters, quarantine. The keys are those of `workers.commands`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, unavailable_without_redis
from services.coordination.task_queue import DOORBELL, NAMESPACE, QUEUES
from services.domain.malformed import MALFORMED

LETTERS_MAX = 200
"""How many dead letters of a queue, or quarantined messages, are told at once: the newest."""
_DELAYED = ".DQ"


class QueueDepth(msgspec.Struct, frozen=True):
    """Messages of a queue: waiting to start, waiting out a retry's delay, unsettled in all, and dead.

    oldest_seconds is how long ago the message that is next was made; null for an empty queue.
    """

    queue: str
    waiting: int
    delayed: int
    unsettled: int
    dead: int
    oldest_seconds: float | None


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that failed for good; `error` is the last line of what it failed with."""

    queue: str
    id: str
    died_at: datetime
    actor: str
    error: str


class QuarantinedMessage(msgspec.Struct, frozen=True):
    """A message that was taken out of its queue because running it would do harm; `size` in bytes."""

    at: datetime
    queue: str
    id: str
    reason: str
    size: int


class _Message(msgspec.Struct):
    """What matters here of a message's envelope."""

    actor_name: str = ""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    options: dict[str, Any] = {}
    message_timestamp: int = 0


class _Record(msgspec.Struct):
    at: datetime
    queue: str
    redis_id: str
    reason: str
    size: int


_message = msgspec.msgpack.Decoder(_Message).decode
_record = msgspec.msgpack.Decoder(_Record).decode


async def depths(redis: Redis, queues: Sequence[str] = QUEUES) -> list[QueueDepth]:
    """Every queue's depth now, whether or not a worker serves it. Raises Unavailable."""
    with unavailable_without_redis():
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for queue in queues:
                pipeline.llen(_key(queue))
                pipeline.hlen(f"{_key(queue)}{_DELAYED}.msgs")
                pipeline.hlen(f"{_key(queue)}.msgs")
                pipeline.zcard(f"{_key(queue)}.XQ")
                pipeline.lindex(_key(queue), 0)
            (seconds, micros), *answers = await pipeline.execute()
        found = []
        for number, queue in enumerate(queues):
            waiting, delayed, unsettled, dead, first = answers[5 * number : 5 * number + 5]
            age = await _age(redis, queue, first, seconds + micros / 1e6)
            found.append(QueueDepth(queue, waiting, delayed, unsettled, dead, age))
    return found


async def quarantined(redis: Redis) -> list[QuarantinedMessage]:
    """The quarantine, newest first. Raises Unavailable."""
    with unavailable_without_redis():
        records = cast("list[bytes]", await redis.lrange(_quarantine(), 0, LETTERS_MAX - 1))
    seen = [_record(record) for record in records]
    return [QuarantinedMessage(each.at, each.queue, each.redis_id, each.reason, each.size) for each in seen]


async def quarantine_size(redis: Redis) -> int:
    """How many messages are in quarantine. Raises Unavailable."""
    with unavailable_without_redis():
        return int(await redis.llen(_quarantine()))


async def clear_quarantine(redis: Redis) -> None:
    """Forget the quarantine. Raises Unavailable."""
    with unavailable_without_redis():
        await redis.delete(_quarantine())


async def dead_letters(redis: Redis, queues: Sequence[str] = QUEUES) -> list[DeadLetter]:
    """The newest dead letters, queue by queue. Raises Unavailable."""
    found = []
    for queue in queues:
        dead = f"{_key(queue)}.XQ"
        with unavailable_without_redis():
            newest = await redis.zrevrange(dead, 0, LETTERS_MAX - 1, withscores=True)
            deaths = [(id_.decode(), died_ms) for id_, died_ms in cast("list[tuple[bytes, float]]", newest)]
            asked = await redis.hmget(f"{dead}.msgs", [id_ for id_, _ in deaths]) if deaths else []
            bodies = cast("list[bytes | None]", asked)
        for (id_, died_ms), body in zip(deaths, bodies, strict=True):
            if body is not None:
                found.append(_letter(queue, id_, died_ms, body))
    return found


async def dead_letter(redis: Redis, id_: str, queues: Sequence[str] = QUEUES) -> DeadLetter | None:
    """The dead letter of that id, if there is one. Raises Unavailable."""
    for queue in queues:
        dead = f"{_key(queue)}.XQ"
        with unavailable_without_redis():
            body = cast("bytes | None", await redis.hget(f"{dead}.msgs", id_))
            died_ms = await redis.zscore(dead, id_)
        if body is not None:
            return _letter(queue, id_, died_ms or 0, body)
    return None


async def retry(redis: Redis, id_: str, queues: Sequence[str] = QUEUES) -> bool:
    """Send a dead letter on its way again, as a message made now; False if there is none of that id.

    Raises Unavailable; then the letter is still there, and may run twice: every message may.
    """
    for queue in queues:
        dead = f"{_key(queue)}.XQ"
        with unavailable_without_redis():
            body = cast("bytes | None", await redis.hget(f"{dead}.msgs", id_))
            seconds, micros = await redis.time()
            now_ms = 1000 * seconds + micros // 1000
            if body is None or (message := _again(body, queue, id_, now_ms)) is None:
                continue
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(f"{_key(queue)}.msgs", mapping={id_: message})
                pipeline.rpush(_key(queue), id_)
                pipeline.publish(DOORBELL, queue)
                pipeline.zrem(dead, id_)
                pipeline.hdel(f"{dead}.msgs", id_)
                await pipeline.execute()
        return True
    return False


async def drop(redis: Redis, id_: str, queues: Sequence[str] = QUEUES) -> bool:
    """Forget a dead letter; False if there is none of that id. Raises Unavailable."""
    for queue in queues:
        dead = f"{_key(queue)}.XQ"
        with unavailable_without_redis():
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.zrem(dead, id_)
                pipeline.hdel(f"{dead}.msgs", id_)
                if any(await pipeline.execute()):
                    return True
    return False


async def _age(redis: Redis, queue: str, first: bytes | None, now: float) -> float | None:
    body = None if first is None else await redis.hget(f"{_key(queue)}.msgs", first.decode())
    if body is None:
        return None
    try:
        return round(max(0.0, now - _message(as_bytes(body)).message_timestamp / 1000), 3)
    except MALFORMED:
        return None


def _letter(queue: str, id_: str, died_ms: float, body: bytes) -> DeadLetter:
    died_at = datetime.fromtimestamp(died_ms / 1000, UTC)
    try:
        message = _message(body)
    except MALFORMED as error:
        return DeadLetter(queue, id_, died_at, "", f"cannot be decoded: {error}")
    lines = str(message.options.get("traceback", "")).strip().splitlines()
    return DeadLetter(queue, id_, died_at, message.actor_name, lines[-1] if lines else "")


def _again(body: bytes, queue: str, id_: str, now_ms: int) -> bytes | None:
    """The message in `body`, made anew at `now_ms`, without what its failures left; None for what is no message."""
    try:
        fields = msgspec.msgpack.decode(body)
        fresh = {"queue_name": queue, "options": {"redis_message_id": id_}, "message_timestamp": now_ms}
        return msgspec.msgpack.encode(fields | fresh)
    except (*MALFORMED, TypeError):
        return None


def _key(queue: str) -> str:
    return f"{NAMESPACE}:{queue}"


def _quarantine() -> str:
    return f"{NAMESPACE}:__quarantine__"
