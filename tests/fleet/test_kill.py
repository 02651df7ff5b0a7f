"""A worker is killed at each step of an evaluation, another goes on: as if nothing had been."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.settings import Settings
from services.usecases.judge_paths import CHANGES_MAX
from tests.fleet import oracle
from tests.fleet.fleet import judged_to, violations
from tests.fleet.oracle import MINUTE_MS
from tests.fleet.orders import Row, otherwise, rows
from tests.fleet.stage import Place, Stage, stage_on
from tests.fleet.tape import PAIRS, START, milliseconds
from tests.servers import PATIENCE, Servers, wait_until
from workers import actors
from workers.broker import FleetBroker

ROOT = Path(__file__).parents[2]
MARKET = "FUTURES"
MINUTES = 59
"""One message's worth: with 60 bars or more the evaluation would ask for more at once."""


class Workers:
    """The process that forks halting workers; see tests/fleet/halting_worker.py."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.changes_max = CHANGES_MAX

    async def start(self, settings: Settings, halt_at: int | None = None) -> int:
        """The pid of a new worker."""
        order = {
            "environment": settings.to_environment(),
            "log": str(self._log),
            "changes_max": self.changes_max,
            "halt_at": halt_at,
        }
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await self.report("pid")

    async def report(self, name: str) -> Any:
        """The next report of that name; others before it are passed over."""
        while True:
            line = await asyncio.wait_for(self._process.stdout.readline(), 20 * PATIENCE)
            report = json.loads(line)
            if name in report:
                return report[name]


@pytest.fixture
async def workers(tmp_path) -> AsyncIterator[Workers]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fleet.halting_worker"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Workers(process, tmp_path / "workers.log")
    process.stdin.close()
    await process.wait()


class Bench:
    """A database with resting orders, whose first hour waits to be judged; copies of it; what it must come to."""

    def __init__(self, servers: Servers, stage: Stage, settings: Settings, outcomes: list[oracle.ByPrints]) -> None:
        self._servers = servers
        self._stage = stage
        self._settings = settings
        self.outcomes = outcomes

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[Settings]:
        """Settings of a fresh copy and of an empty Valkey; the exchange's minute, which stands still, is unused."""
        await self._stage.simulator.clear_faults()
        template = self._settings.database_url.partition("?")[0].rpartition("/")[2]
        with self._servers.database(template) as url:
            self._servers.empty_valkey()
            yield msgspec.structs.replace(self._settings, database_url=url)


@pytest.fixture
async def bench(place: Place, servers: Servers, world) -> AsyncIterator[Bench]:
    placed = [order for order in world.orders if order.market == MARKET]
    async with stage_on(place, world.folder, START, placed) as stage:
        await stage.simulator.set_clock(advance_ms=MINUTES * MINUTE_MS)
        # The market's clock stands still, and so does the workers': one minute's weight must do for all of them.
        settings = msgspec.structs.replace(
            stage.settings, market_speed=Decimal("1e-9"), futures_weight_per_minute=100_000
        )
        until = milliseconds(START) + MINUTES * MINUTE_MS
        yield Bench(
            servers,
            stage,
            settings,
            [
                oracle.by_prints(order, [at for at in world.tapes[MARKET, order.symbol] if at[0] < until])
                for order in placed
            ],
        )


def ask_for_a_cycle(settings: Settings) -> None:
    """What a scheduler asks for."""
    broker = FleetBroker(settings.redis_url)
    broker.enqueue_many([actors.fetch_paths.message(MARKET, list(PAIRS), None, None)])
    broker.close()


async def test_a_worker_killed_at_any_step_of_an_evaluation_changes_nothing(bench: Bench, workers: Workers):
    undisturbed, steps = await run_undisturbed(bench, workers)
    assert steps.count("before UPDATE trades") == 2, "once by the bars, once by finer data"
    for number, step in enumerate(steps):
        await kill_at(number, step, bench, workers, undisturbed)


async def test_a_worker_killed_between_the_transactions_of_one_batch_changes_nothing(bench: Bench, workers: Workers):
    workers.changes_max = 40
    undisturbed, steps = await run_undisturbed(bench, workers)
    assert steps.count("before UPDATE trades") > 2, "a batch of several transactions"
    commits = [number for number, step in enumerate(steps) if step == "after commit"]
    for number in range(commits[0], commits[1] + 1):
        await kill_at(number, steps[number], bench, workers, undisturbed)


async def run_undisturbed(bench: Bench, workers: Workers) -> tuple[list[Row], list[str]]:
    """Every trade after a sound evaluation, and the steps it took."""
    async with bench.copy() as settings:
        pid = await workers.start(settings)
        ask_for_a_cycle(settings)
        steps = await workers.report("steps")
        os.kill(pid, signal.SIGKILL)
        found = rows(settings)
        assert violations(settings) == []
    assert list(otherwise(found, bench.outcomes)) == []
    return found, steps


async def kill_at(number: int, step: str, bench: Bench, workers: Workers, undisturbed: list[Row]) -> None:
    """Kill a worker at that step, have another do the next cycle: nothing may differ."""
    async with bench.copy() as settings:
        pid = await workers.start(settings, halt_at=number)
        ask_for_a_cycle(settings)
        assert await workers.report("halted") == step
        os.kill(pid, signal.SIGKILL)
        pid = await workers.start(settings)
        ask_for_a_cycle(settings)
        await wait_until(lambda: judged_to(settings, MARKET) >= START + timedelta(minutes=MINUTES), 20)
        os.kill(pid, signal.SIGKILL)
        assert violations(settings) == [], f"{number}: {step}"
        assert rows(settings) == undisturbed, f"{number}: {step}"


async def test_a_worker_frozen_inside_its_transaction_holds_nobody_up(bench: Bench, workers: Workers):
    """Its locks end with its transaction, which the database ends after some idle seconds."""
    undisturbed, steps = await run_undisturbed(bench, workers)
    inside = steps.index("before commit")
    async with bench.copy() as settings:
        await workers.start(settings, halt_at=inside)
        ask_for_a_cycle(settings)
        assert await workers.report("halted") == "before commit"
        await workers.start(settings)
        end = START + timedelta(minutes=MINUTES)

        def is_judged() -> bool:
            if judged_to(settings, MARKET) >= end:
                return True
            ask_for_a_cycle(settings)
            time.sleep(1)
            return False

        await wait_until(is_judged, 40)
        assert violations(settings) == []
        assert rows(settings) == undisturbed
