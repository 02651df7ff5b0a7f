"""What goes on for ever ends when it is told to, though a cancellation is swallowed on its way."""

import asyncio
from contextlib import suppress

from redis.exceptions import RedisError

from services import endings
from services.coordination.processes import beating


class Swallower:
    """Stands still until it is cancelled, and makes nothing of the first time."""

    def __init__(self) -> None:
        self.stands = asyncio.Event()
        self.swallowed = 0

    async def stand(self) -> None:
        try:
            self.stands.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.swallowed += 1
            if self.swallowed > 1:
                raise


class DeafRedis:
    """A client like Redis' before Python 3.12: its commands end well though they are cancelled."""

    def __init__(self) -> None:
        self.swallower = Swallower()

    async def time(self) -> tuple[int, int]:
        await self.swallower.stand()
        raise RedisError("gone")

    def pipeline(self, **_: object) -> object:
        raise RedisError("gone")


async def test_tasks_are_cancelled_until_they_end(monkeypatch):
    monkeypatch.setattr(endings, "AGAIN_SECONDS", 0.01)
    swallower = Swallower()

    async def work() -> None:
        while True:
            await swallower.stand()

    tasks = [asyncio.create_task(work()), asyncio.create_task(asyncio.sleep(60))]
    await swallower.stands.wait()
    async with asyncio.timeout(10):
        await endings.end(tasks)
    assert swallower.swallowed == 2
    assert all(task.cancelled() for task in tasks)


async def test_what_a_task_raised_stays_in_it():
    async def fail() -> None:
        raise ValueError

    task = asyncio.create_task(fail())
    with suppress(ValueError):
        await task
    await endings.end([task])
    assert isinstance(task.exception(), ValueError)


async def test_a_process_stops_telling_that_it_lives_though_its_redis_swallows_a_cancellation(monkeypatch):
    monkeypatch.setattr("services.coordination.processes.BEAT_SECONDS", 0)
    monkeypatch.setattr(endings, "AGAIN_SECONDS", 0.01)
    redis = DeafRedis()
    async with asyncio.timeout(10):
        async with beating(redis, "api"):
            await redis.swallower.stands.wait()
    assert redis.swallower.swallowed == 2
