"""The real fleet: a scheduler and a worker process on a simulated exchange carry a cycle from clock to judgement."""

import asyncio
import os
import signal
import subprocess
import sys
from decimal import Decimal

import psycopg
import pytest

from services.coordination import queues
from services.coordination.connection import redis_client
from tests.servers import wait_until
from tests.simulator_process import start_simulator

SPEED = 12


@pytest.fixture
async def settings(database_url, redis_url):
    async with start_simulator(seed=7, speed=SPEED) as simulator:
        yield simulator.settings(database_url, redis_url, scan_timeframes="", market_speed=Decimal(SPEED))


@pytest.fixture
def start(settings, tmp_path):
    """Starts a process of the fleet; its output is in `output`."""
    processes = []

    def start(command: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "output").open("ab") as output:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-c", "from paperfleet.cli import main; main()", command],
                    env={**os.environ, **settings.to_environment()},
                    stdout=output,
                    stderr=output,
                )
            )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


async def test_a_cycle_of_all_pairs_goes_from_the_clock_to_the_judgement(settings, start):
    def pairs_judged() -> int:
        """The pairs of the largest cycle that every batch of was evaluated."""
        with psycopg.connect(settings.database_url) as connection:
            query = "SELECT coalesce(max(expected), 0) FROM cycles WHERE finished_at IS NOT NULL"
            return connection.execute(query).fetchone()[0]

    processes = [start("scheduler"), start("worker")]
    assert await wait_until(pairs_judged, 40) > 900
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
    async with redis_client(settings) as redis:
        assert await queues.dead_letters(redis) == []
        assert await queues.quarantined(redis) == []
