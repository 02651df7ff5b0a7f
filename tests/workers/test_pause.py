"""A paused fleet leaves the market alone, and goes on where it was."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from services.bootstrap import build
from services.coordination import queues, task_queue
from services.domain.halts import Halted
from services.domain.market import Market
from services.usecases.halt import halt, resume
from services.usecases.refresh_instruments import refresh_instruments
from tests.fleet.fleet import fleet_on
from tests.servers import wait_until
from tests.simulator_process import start_simulator
from workers.actors import broker
from workers.jobs import fleet_jobs

SPEED = 30


@pytest.fixture
async def settings(database_url, redis_url):
    async with start_simulator(seed=7, speed=SPEED) as simulator:
        yield simulator.settings(database_url, redis_url, market_speed=Decimal(SPEED))


async def test_a_paused_fleet_asks_for_nothing_and_goes_on_after_it(settings, tmp_path):
    def judged() -> int:
        with psycopg.connect(settings.database_url) as connection:
            return connection.execute("SELECT count(*) FROM cycle_batches WHERE evaluated > 0").fetchone()[0]

    def slots() -> int:
        """The slots of cycles that a scheduler has dispatched."""
        with psycopg.connect(settings.database_url) as connection:
            row = connection.execute("SELECT dispatched_slot FROM jobs WHERE job = 'cycle'").fetchone()
            return row and row[0]

    async with build(settings) as services:
        for market in Market:
            await refresh_instruments(services, market)
        await halt(services, Halted.FLEET, "a drill", "test")
        asked = (await services.weight.usage(Market.SPOT)).by_purpose
        with fleet_on(settings, tmp_path) as fleet:
            await fleet.start(1, 1)
            first = await wait_until(slots, 20)
            await task_queue.enqueue(
                services.redis, "fetch", "fetch_paths", "SPOT", ["BTCUSDT"], None, None, max_age=timedelta(minutes=1)
            )
            await wait_until(lambda: slots() > first, 20)

            async def settled():
                return not any(depth.unsettled for depth in await queues.depths(services.redis))

            await wait_until(settled, 20)
            assert judged() == 0
            spent = (await services.weight.usage(Market.SPOT)).by_purpose
            assert spent.keys() - asked.keys() <= {"clock", "listings"}, "nobody asked for prices"

            await resume(services, Halted.FLEET, "test")
            await wait_until(judged, 40)


async def test_only_what_follows_the_market_stops(settings):
    async with build(settings) as services:
        await refresh_instruments(services, Market.SPOT)
        async with services.pool.connection() as connection:
            row = await (await connection.execute("SELECT now()")).fetchone()
        await halt(services, Halted.FLEET, "a drill", "test")
        asking = {job.name for job in fleet_jobs(settings, services) if await job.messages(row[0])}
        assert asking >= {"maintain", "reconcile", "refresh SPOT"}
        assert not asking & {"cycle", "sweep SPOT", "sweep FUTURES", "funding"}


def test_every_queue_of_an_actor_is_known_to_operators():
    assert broker.get_declared_queues() == set(task_queue.QUEUES), "name it in services/coordination/task_queue.py"
