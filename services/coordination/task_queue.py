"""Asking the fleet for work from a process that has no broker: the API hands tasks over through Redis.

A message here is byte for byte what the workers' broker writes (`workers.messages`, `workers.commands`).
"""

from datetime import timedelta
from uuid import uuid4

import msgspec
import structlog
from redis.asyncio import Redis

from services.coordination.scripts import unavailable_without_redis
from services.domain.errors import Unavailable

NAMESPACE = "tasks"
MESSAGE_VERSION = 1
DOORBELL = f"{NAMESPACE}:__doorbell__"
"""The channel on which the name of a queue is published that has got a message."""
QUEUES = ("evaluate", "fetch", "hooks", "maintenance", "ring", "scan", "signals", "sweep")
"""Every queue that an actor is declared on; `tests/workers` holds the two together."""

_encode = msgspec.msgpack.Encoder().encode
log = structlog.get_logger(__name__)


async def enqueue(redis: Redis, queue: str, actor: str, *arguments: object, max_age: timedelta) -> None:
    """Have `actor` run with `arguments` soon. Older than `max_age` the message is dropped. Raises Unavailable."""
    id_ = str(uuid4())
    with unavailable_without_redis():
        seconds, micros = await redis.time()
        body = _encode(_message(queue, actor, arguments, id_, max_age, 1000 * seconds + micros // 1000))
        async with redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(f"{NAMESPACE}:{queue}.msgs", mapping={id_: body})
            pipeline.rpush(f"{NAMESPACE}:{queue}", id_)
            pipeline.publish(DOORBELL, queue)
            await pipeline.execute()


async def hint(redis: Redis, queue: str, actor: str, *, max_age: timedelta) -> None:
    """The same for what a sweep finds anyway: a failure of Redis is logged and nothing else."""
    try:
        await enqueue(redis, queue, actor, max_age=max_age)
    except Unavailable as error:
        log.warning("task_not_enqueued", actor=actor, reason=str(error))


def _message(
    queue: str, actor: str, arguments: tuple[object, ...], id_: str, max_age: timedelta, now_ms: int
) -> dict[str, object]:
    """The envelope. Its time is Redis', as in every message there: ages are compared across machines."""
    return {
        "v": MESSAGE_VERSION,
        "queue_name": queue,
        "actor_name": actor,
        "args": arguments,
        "kwargs": {},
        "options": {"redis_message_id": id_, "max_age": round(max_age.total_seconds() * 1000)},
        "message_id": id_,
        "message_timestamp": now_ms,
    }
