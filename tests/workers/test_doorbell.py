"""Idle consumers are woken by whoever puts a message on their queue, and find by themselves what nobody rang for."""

from datetime import timedelta

import pytest
import redis
from redis.asyncio import Redis

from services.coordination import task_queue
from tests.servers import wait_until
from tests.workers.working import LIMITS, working
from workers import consumer
from workers.broker import NAMESPACE
from workers.declare import actor


@pytest.fixture
def seen(broker):
    """What the actor `note` was told."""
    told: list[str] = []

    @actor("work", **LIMITS, on=broker)
    async def note(text: str) -> None:
        told.append(text)

    broker.note = note
    return told


async def test_whoever_sends_wakes_an_idle_consumer(broker, seen, redis_url, monkeypatch):
    monkeypatch.setattr(consumer, "IDLE_POLL_MS", 3_600_000)
    with working(broker), redis.Redis.from_url(redis_url) as direct:
        await wait_until(lambda: broker.doorbell.is_heard)
        broker.note.send("sent")
        await wait_until(lambda: seen == ["sent"])
        broker.enqueue_many([broker.note.message("sent together")])
        await wait_until(lambda: seen[1:] == ["sent together"])
        async with Redis.from_url(redis_url) as client:
            await task_queue.enqueue(client, "work", "note", "from afar", max_age=timedelta(minutes=1))
        await wait_until(lambda: seen[2:] == ["from afar"])
        direct.client_kill_filter(_type="pubsub")
        broker.note.send("while the doorbell was cut off")
        await wait_until(lambda: seen[3:] == ["while the doorbell was cut off"])


async def test_what_nobody_rings_for_is_found(broker, seen, redis_url):
    message = broker.note.message("silent")
    with working(broker), redis.Redis.from_url(redis_url) as direct:
        await wait_until(lambda: broker.doorbell.is_heard)
        direct.hset(f"{NAMESPACE}:work.msgs", "1", message.encode())
        direct.rpush(f"{NAMESPACE}:work", "1")
        await wait_until(lambda: seen == ["silent"])
