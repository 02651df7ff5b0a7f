"""Valkey forgets everything and both servers are killed while the fleet works: a short delay, nothing else."""

import asyncio
import random
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
import redis

from deploy.local.ports import free_port
from services import endings
from tests.fleet.conftest import END, World
from tests.fleet.fleet import START_SECONDS, judged_to, serves, violations
from tests.fleet.listeners import Listener
from tests.fleet.orders import rows
from tests.fleet.stage import SPEED, Place, Stage, stage_on
from tests.fleet.tape import START
from tests.servers import Servers, wait_until

FLUSHES = 2
RECONNECT_SECONDS = 4
"""Pools try again at intervals that grow."""
AWAY_SECONDS = 2
"""Longer than any part of the API goes without Valkey when all is well."""
BACK_SECONDS = 5
"""Within so many of Valkey's return, on a quiet machine, the fleet's events and prices are on their streams again."""


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


async def test_streams_outlive_valkey_and_are_as_live_as_before_soon_after_its_return(stage: Stage, servers: Servers):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    await stage.run(workers=1)
    stage.fleet.spawn("api", "api", api_port=port)
    await wait_until(lambda: serves(url), START_SECONDS)
    with psycopg.connect(stage.settings.database_url, autocommit=True) as looking:

        def told() -> int:
            return looking.execute("SELECT event_seq FROM accounts WHERE id = 1").fetchone()[0]

        (epoch,) = looking.execute("SELECT epoch FROM system").fetchone()
        reader = Listener({"api": url}, epoch, 1, events_max=0, prices="all")
        reading = asyncio.create_task(reader.listen())
        try:
            await wait_until(lambda: reader.priced and reader.seen >= told())
            valkey = servers.processes["valkey"]
            valkey.kill()
            await asyncio.to_thread(valkey.wait)
            await asyncio.sleep(AWAY_SECONDS)  # the outage itself, not a wait for anything
            before = told()
            async with httpx.AsyncClient(base_url=url, timeout=30) as http:
                assert (await http.post("/api/accounts/1/deposits/", json={"amount": "5"})).status_code == 201
            assert told() > before
            await wait_until(lambda: reader.seen >= told(), BACK_SECONDS)
            await servers.start()
            before, priced = told(), reader.priced
            await wait_until(lambda: reader.seen > before and reader.priced > priced, BACK_SECONDS)
        finally:
            await endings.end([reading])
    assert (reader.cuts, reader.violations) == (0, [])


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
