"""What a worker process tells: its own metrics, log lines that name their cycle, and that it lives."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx
import msgspec
import pytest

from deploy.local.ports import free_port
from services.bootstrap import build
from services.coordination import processes
from services.db import accounts, instruments
from services.domain.market import Market
from services.domain.plan import Direction
from services.usecases.new_trade import NewTrade
from services.usecases.open_trade import open_trade
from tests.servers import wait_until
from tests.simulator_process import start_simulator
from workers.broker import FleetBroker
from workers.jobs import fleet_jobs
from workers.ticks import tick

MARKET = {"market_speed": Decimal(30), "quote_max_age_seconds": Decimal(3600)}
MAIN = "from paperfleet.cli import main; main()"
HASTY = f"from services import bootstrap; bootstrap.START_SECONDS = 3; {MAIN}"
"""Waits for its database for three seconds only."""


@pytest.fixture
async def simulator():
    async with start_simulator(seed=7, speed=30) as simulator:
        yield simulator


@pytest.fixture
def settings(simulator, database_url, redis_url):
    return simulator.settings(database_url, redis_url, **MARKET, log_level="INFO")


def start(command: str, environment: dict[str, str], output, code: str = MAIN) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, command],
        env={**os.environ, **environment},
        stdout=output,
        stderr=output,
    )


async def test_processes_export_tell_that_they_live_and_log_by_cycle(settings, tmp_path):
    running, ports = [], {"scheduler": free_port(), "worker": free_port()}
    output = (tmp_path / "output").open("wb")
    for command, port in ports.items():
        environment = settings.to_environment() | {"PAPERFLEET_METRICS_PORT": str(port)}
        running.append(start(command, environment, output))
    try:
        async with build(settings) as services, httpx.AsyncClient(transport=httpx.AsyncHTTPTransport()) as http:

            async def told(command: str, sample: str):
                try:
                    text = (await http.get(f"http://127.0.0.1:{ports[command]}/metrics")).text
                except httpx.TransportError:
                    return None
                return re.search(rf"^{sample} [1-9]", text, re.MULTILINE)

            done = re.escape('paperfleet_messages_total{actor="evaluate_trades",outcome="done",queue="evaluate"}')
            await wait_until(lambda: told("worker", done), 60)
            assert await told("worker", re.escape('paperfleet_sweep_seconds_count{market="SPOT"}'))
            assert await told("scheduler", re.escape('paperfleet_slot_dispatch_seconds_count{task="cycle"}'))
            alive = await processes.alive(services.redis)
            assert [process.kind for process in alive] == ["scheduler", "worker"]
            assert set(alive[1].queues) >= {"fetch", "evaluate"}
            assert [process.connections for process in alive] == [settings.pool_size] * 2
            for process in running:
                process.send_signal(signal.SIGTERM)
            for process in running:
                assert process.wait(60) == 0, (tmp_path / "output").read_text()
            assert await processes.alive(services.redis) == [], "who ends in order is not missed"
    finally:
        for process in running:
            process.kill()
            process.wait()
        output.close()
    lines = (tmp_path / "output").read_text().splitlines()
    refreshed = next(line for line in lines if "instruments_refreshed" in line)
    assert "actor=refresh_instruments" in refreshed, refreshed
    assert re.search(r"message=[0-9a-f-]{36}", refreshed), refreshed


@pytest.mark.parametrize("command", ["scheduler", "worker"])
async def test_a_process_whose_services_never_open_serves_no_metrics(command, redis_url, tmp_path):
    """To a cluster an answer there means that this process may take an older one's place."""
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent, (tmp_path / "output").open("wb") as output:
        environment = {
            "PAPERFLEET_DATABASE_URL": f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none",
            "PAPERFLEET_REDIS_URL": redis_url,
            "PAPERFLEET_METRICS_PORT": str(port),
        }
        process = start(command, environment, output, HASTY)
        try:
            async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport()) as http:

                async def outcome():
                    try:
                        await http.get(f"http://127.0.0.1:{port}/metrics")
                    except httpx.TransportError:
                        return None if process.poll() is None else "ended"
                    return "answered"

                assert await wait_until(outcome, 60) == "ended"
                assert process.returncode
        finally:
            process.kill()
            process.wait()


async def test_lines_of_scheduler_worker_and_closing_carry_the_slot(simulator, settings, tmp_path):
    """The first sweep alone is asked for by the scheduler: so one trade is closed by a cycle, the other by a ring."""
    settings = msgspec.structs.replace(settings, sweep_seconds=Decimal(3600))
    logs = {command: (tmp_path / command).open("wb") for command in ("worker", "scheduler")}
    running = {}
    try:
        async with build(settings) as services:
            for command, log in logs.items():
                running[command] = start(command, settings.to_environment(), log)
                await wait_until(lambda: processes.alive(services.redis), 60)
            first = await open_and_touch(simulator, services, "BTCUSDT")
            cycle = await wait_until(lambda: closing(tmp_path, first), 60)
            running["scheduler"].send_signal(signal.SIGTERM)
            assert running["scheduler"].wait(60) == 0
            second = await open_and_touch(simulator, services, "ETHUSDT")
            broker = FleetBroker(settings.redis_url)
            jobs = {job.name: replace(job, interval=timedelta(seconds=1)) for job in fleet_jobs(settings, services)}

            async def rung():
                await tick(jobs["sweep FUTURES"], services.pool, broker)
                return closing(tmp_path, second)

            ring = await wait_until(rung, 60)
            await asyncio.to_thread(broker.close)
    finally:
        for process in running.values():
            process.kill()
            process.wait()
        for log in logs.values():
            log.close()
    slot = re.search(r" slot=(\S+)", cycle)[0]
    assert " job=cycle " in f"{cycle} ", cycle
    (told,) = [line for line in lines_of(tmp_path, "scheduler") if slot in line]
    assert 'level=info event="slot dispatched"' in told, told
    assert any(slot in line and "event=evaluated" in line for line in lines_of(tmp_path, "worker"))
    assert 'job="sweep FUTURES"' in ring, ring
    assert re.search(r" slot=20\S+", ring), ring


async def open_and_touch(simulator, services, symbol: str) -> int:
    """Open a trade on the futures of `symbol`, once they are listed and have a price, and have its target be passed."""

    async def listed():
        async with services.pool.connection() as connection:
            return await instruments.by_symbols(connection, Market.FUTURES, [symbol])

    await wait_until(listed, 60)
    quote = await wait_until(lambda: services.prices.one(Market.FUTURES, symbol), 60)
    wish = NewTrade(
        market_type=Market.FUTURES,
        symbol=symbol,
        direction=Direction.LONG,
        stop_loss=quote.last * Decimal("0.8"),
        take_profit=quote.last * Decimal("1.02"),
        position_size=Decimal(100),
    )
    async with services.pool.connection() as connection:
        owner = await accounts.ensure_owner(connection, Decimal(1000))
    opened = msgspec.json.decode((await open_trade(services, owner, wish)).body)
    await simulator.jump("FUTURES", symbol, quote.last * Decimal("1.05"), hold_ms=3_600_000)
    return opened["id"]


def closing(folder, trade: int) -> str | None:
    """The line that tells of the trade's closing."""
    return next((line for line in lines_of(folder, "worker") if re.search(rf"closed=\S*\b{trade}\b", line)), None)


def lines_of(folder, command: str) -> list[str]:
    return (folder / command).read_text().splitlines()
