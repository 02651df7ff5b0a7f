"""Valkey forgets everything and PostgreSQL is killed while the fleet works: a cycle of delay, nothing else."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import redis

from tests.fleet.conftest import END, World
from tests.fleet.fleet import judged_to, violations
from tests.fleet.orders import rows
from tests.fleet.stage import SPEED, Place, Stage, stage_on
from tests.fleet.tape import START
from tests.servers import Servers, wait_until

FLUSHES = 2
RECONNECT_SECONDS = 4
"""Pools try again at intervals that grow."""


@pytest.fixture
async def stage(place: Place, world: World) -> AsyncIterator[Stage]:
    """Slower than others: the troubles end before the tape does, on a busy machine too."""
    async with stage_on(place, world.folder, START, world.orders, speed=SPEED // 3, log_level="DEBUG") as running:
        yield running


async def test_what_the_servers_lose_costs_one_cycle_and_no_trade(stage: Stage, servers: Servers, undisturbed):
    cycle = stage.settings.cycle_interval.total_seconds()
    await stage.run()
    await flush_at_random_moments(stage, random.Random(1))
    postgres = servers.processes["postgres"]
    postgres.kill()
    await asyncio.to_thread(postgres.wait)
    await servers.start()
    await judging_goes_on(stage, cycle + RECONNECT_SECONDS)
    await flush_at_random_moments(stage, random.Random(2))
    assert judged_to(stage.settings) < END, "the tape must not be over before the servers' troubles are"
    await stage.judged(END, 60)
    await stage.fleet.stop()
    assert rows(stage.settings) == undisturbed.rows
    assert violations(stage.settings) == []


async def flush_at_random_moments(stage: Stage, chance: random.Random) -> None:
    """What is under way at a flush may be lost, and with it that cycle; the next one does its work."""
    cycle = stage.settings.cycle_interval.total_seconds()
    with redis.Redis.from_url(stage.settings.redis_url) as valkey:
        for _ in range(FLUSHES):
            await asyncio.sleep(chance.uniform(0, cycle / 2))  # the random moment itself, not a wait for anything
            valkey.flushall()
            await judging_goes_on(stage, 2 * cycle + 1)


async def judging_goes_on(stage: Stage, seconds: float) -> None:
    """Return when a further minute of every pair has been judged."""
    before = judged_to(stage.settings)
    await wait_until(lambda: judged_to(stage.settings) > before, seconds)
