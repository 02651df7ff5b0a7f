"""A worker process for tests: `python -m tests.workers.worker_process [how its services misbehave]`.

Its actors leave their traces in the Redis list `trace`; the settings come from the environment.
"""

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import redis

from services import settings
from tests.workers.working import LIMITS
from workers import runner
from workers.broker import FleetBroker
from workers.declare import actor

runner.STALL_SECONDS = 2
runner.STOP_SECONDS = int(os.environ.get("TEST_STOP_SECONDS", "20"))
runner.FINISH_SECONDS = int(os.environ.get("TEST_FINISH_SECONDS", "3"))

broker = FleetBroker(heartbeat_timeout=timedelta(seconds=float(os.environ.get("TEST_HEARTBEAT_SECONDS", "15"))))


def trace(text: str) -> None:
    broker.client.rpush("trace", text)


def traces(redis_url: str) -> list[str]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        return client.lrange("trace", 0, -1)


@actor("work", **LIMITS, on=broker)
async def note(name: str) -> None:
    trace(name)


@actor("quick", **LIMITS, on=broker)
async def note_quickly(name: str) -> None:
    trace(name)


@actor("work", **{**LIMITS, "time_limit": timedelta(minutes=5)}, on=broker)
async def take(name: str, seconds: float) -> None:
    trace(f"{name} begun")
    await asyncio.sleep(seconds)
    trace(f"{name} ended")


@actor("work", **{**LIMITS, "time_limit": timedelta(minutes=5)}, on=broker)
async def cling(name: str, seconds: float) -> None:
    """As `take`, but in a way that nothing can cut short."""
    trace(f"{name} begun")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.1)


@actor("work", **LIMITS, on=broker)
async def fail_once(name: str) -> None:
    begun = broker.client.incr(f"begun {name}") == 1
    trace(f"{name} begun" if begun else f"{name} ended")
    if begun:
        raise ArithmeticError("on purpose")


@actor("work", **LIMITS, on=broker)
async def murder(name: str) -> None:
    trace(name)
    os.kill(os.getpid(), signal.SIGKILL)


@actor("work", **LIMITS, on=broker)
async def stop_loop() -> None:
    asyncio.get_running_loop().stop()


@actor("work", **LIMITS, on=broker)
async def block_loop() -> None:
    time.sleep(60)  # noqa: ASYNC251 - the fault under test


@asynccontextmanager
async def open_services(_settings: settings.Settings):
    if "broken" in sys.argv:
        raise ConnectionError("the services are broken")
    yield
    trace("services closed")


if __name__ == "__main__":
    threads = int(os.environ.get("TEST_THREADS", "2"))
    runner.run(settings.load(), [], threads, open_services=open_services, broker=broker)
