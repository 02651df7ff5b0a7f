"""The doorbell over real Valkey: rings arrive, come together, and survive lost connections."""

import asyncio

import pytest_asyncio
from redis.asyncio import Redis

from services.coordination import doorbell
from services.domain.market import Market
from tests.servers import wait_until


class Listener:
    """Collects what the doorbell says, in a task."""

    def __init__(self, redis: Redis) -> None:
        self.heard: list[frozenset[str]] = []
        self._redis = redis
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for streams in doorbell.listen(self._redis):
            self.heard.append(streams)

    @property
    def streams(self) -> set[str]:
        return set().union(*self.heard)


async def subscribers(redis: Redis) -> int:
    return (await redis.pubsub_numsub(doorbell.CHANNEL))[0][1]


@pytest_asyncio.fixture
async def listener(redis_url, redis):
    async with Redis.from_url(redis_url, socket_timeout=0.2) as own:
        listener = Listener(own)
        await wait_until(lambda: subscribers(redis))
        yield listener
        listener.task.cancel()
        await asyncio.gather(listener.task, return_exceptions=True)


async def test_a_ring_is_heard(redis, listener):
    await doorbell.ring(redis, ["a1", doorbell.prices(Market.SPOT)])
    await wait_until(lambda: listener.heard)
    assert listener.heard == [frozenset({"a1", "prices:SPOT"})]


async def test_many_rings_come_as_few_sets(redis, listener):
    async with redis.pipeline() as pipe:
        for number in range(200):
            pipe.publish(doorbell.CHANNEL, f"a{number}")
        await pipe.execute()
    await wait_until(lambda: len(listener.streams) == 200)
    assert len(listener.heard) < 50


async def test_silence_longer_than_the_clients_timeout_loses_no_ring(redis, listener):
    for number in range(3):
        await asyncio.sleep(0.5)
        await doorbell.ring(redis, [f"a{number}"])
        await wait_until(lambda number=number: f"a{number}" in listener.streams, 2)


async def test_a_cut_connection_is_made_anew(redis, listener):
    await redis.client_kill_filter(_type="pubsub")
    await wait_until(lambda: subscribers(redis))

    async def rung() -> bool:
        await doorbell.ring(redis, ["again"])
        return "again" in listener.streams

    await wait_until(rung)


async def test_a_connection_silent_for_too_long_is_made_anew(redis, listener, monkeypatch):
    before = await redis.client_list(_type="pubsub")
    monkeypatch.setattr(doorbell, "SILENCE_SECONDS", 0.2)
    await doorbell.ring(redis, ["a"])  # the wait under way still has the longer patience

    async def renewed() -> bool:
        now = await redis.client_list(_type="pubsub")
        return bool(now) and {each["id"] for each in now} != {each["id"] for each in before}

    await wait_until(renewed)


async def test_whatever_is_published_listening_goes_on(redis, listener):
    await redis.publish(doorbell.CHANNEL, b"\xff\xfe")
    await doorbell.ring(redis, ["after"])
    await wait_until(lambda: "after" in listener.streams)


async def test_ringing_without_redis_is_no_error():
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1) as nowhere:
        await doorbell.ring(nowhere, ["a1"])


async def test_nothing_to_ring_for_rings_nothing(redis, listener):
    await doorbell.ring(redis, [])
    await doorbell.ring(redis, ["end"])
    await wait_until(lambda: listener.heard)
    assert listener.heard == [frozenset({"end"})]
