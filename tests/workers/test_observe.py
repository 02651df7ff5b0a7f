"""What a worker process tells: its own metrics, log lines that name their cycle, and that it lives."""

import os
import re
import signal
import socket
import subprocess
import sys
from decimal import Decimal

import httpx
import pytest

from deploy.local.ports import free_port
from services.bootstrap import build
from services.coordination import processes
from tests.servers import wait_until
from tests.simulator_process import start_simulator


@pytest.fixture
async def settings(database_url, redis_url):
    async with start_simulator(seed=7, speed=30) as simulator:
        yield simulator.settings(database_url, redis_url, market_speed=Decimal(30), log_level="INFO")


def start(command: str, environment: dict[str, str], output) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from paperfleet.cli import main; main()", command],
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
        process = start(command, environment, output)
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
