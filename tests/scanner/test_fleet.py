"""The real fleet scans: the clock of a scheduler, a worker, and signals in the database."""

import asyncio
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import psycopg

from services.coordination import queues
from services.coordination.connection import redis_client
from services.settings import Settings
from tests.scanner.desk import ALWAYS, PAIRS
from tests.servers import wait_until
from tests.simulator_process import start_simulator

SPEED = 10


def start(command: str, settings: Settings, output: Path) -> subprocess.Popen[bytes]:
    with output.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-c", "from paperfleet.cli import main; main()", command],
            env={**os.environ, **settings.to_environment()},
            stdout=file,
            stderr=file,
        )


async def test_signals_follow_the_closes_of_a_running_market(database_url, redis_url, tmp_path):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "always.py").write_text(ALWAYS)
    async with start_simulator(seed=7, speed=SPEED) as simulator:
        settings = simulator.settings(
            database_url,
            redis_url,
            market_speed=Decimal(SPEED),
            scan_timeframes="1m",
            scan_allow=",".join(PAIRS),
            scan_strategies="always,donchian",
            strategies_folder=str(tmp_path / "strategies"),
        )

        def closes() -> int:
            """At how many times a candle of every future closed and made a signal."""
            with psycopg.connect(database_url) as connection:
                query = """SELECT count(*) FROM (SELECT signal_time FROM signals g JOIN instruments i
                    ON i.id = g.instrument_id WHERE i.market = 'FUTURES' AND g.strategy = 'always'
                    GROUP BY signal_time HAVING count(*) = %s) whole"""
                return connection.execute(query, [len(PAIRS)]).fetchone()[0]

        processes = [start(command, settings, tmp_path / "output") for command in ("scheduler", "worker")]
        try:
            assert await wait_until(lambda: closes() >= 2, 90)
            for process in processes:
                process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(process.wait, 30) == 0
        finally:
            for process in processes:
                process.kill()
                process.wait()
    async with redis_client(settings) as redis:
        assert await queues.dead_letters(redis, ["scan"]) == []
