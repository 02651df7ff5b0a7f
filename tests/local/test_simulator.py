import asyncio
import os
import signal
from decimal import Decimal

import httpx
import pytest

from deploy.local.market_record import open_record
from deploy.local.simulator import Simulator
from deploy.local.supervisor import Revival, Supervisor
from tests.servers import wait_until

SPEED = 60


@pytest.fixture
async def market(tmp_path):
    """A simulated market on the folder, sped up, under supervision: each call is a new run of `up`."""
    running = []

    async def start() -> tuple[Simulator, Supervisor, list]:
        happenings = []
        simulator = Simulator(tmp_path, open_record(tmp_path, "simulator"), Decimal(SPEED))
        supervisor = Supervisor(
            tmp_path / "logs", happenings.append, lambda _, line: simulator.hear(line), backoff_seconds_min=0.05
        )
        await supervisor.add(simulator)
        keeper = asyncio.create_task(simulator.keep_time())
        running.append((supervisor, keeper))
        return simulator, supervisor, happenings

    yield start
    for supervisor, keeper in running:
        keeper.cancel()
        await supervisor.stop()


async def exchange_time(simulator: Simulator) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{simulator.urls.futures_url}/fapi/v1/time")).json()["serverTime"]


async def closed_bar(simulator: Simulator, start_ms: int) -> list:
    async with httpx.AsyncClient() as client:
        query = {"symbol": "BTCUSDT", "interval": "1m", "startTime": start_ms, "limit": 1}
        return (await client.get(f"{simulator.urls.spot_url}/api/v3/klines", params=query)).json()


async def test_after_kill_9_the_market_goes_on_at_its_address_in_its_prices_and_never_back_in_time(tmp_path, market):
    simulator, supervisor, happenings = await market()
    before = simulator.urls
    begin = await exchange_time(simulator) - 600_000
    bar = await closed_bar(simulator, begin)
    await wait_until(lambda: open_record(tmp_path, "simulator").time_ms)
    seen = await exchange_time(simulator)
    os.kill(supervisor.pids()["market"], signal.SIGKILL)
    await wait_until(lambda: any(isinstance(each, Revival) for each in happenings))
    assert simulator.urls == before
    assert await exchange_time(simulator) >= seen
    assert await closed_bar(simulator, begin) == bar

    seen = await exchange_time(simulator)
    await supervisor.stop()
    again, _, _ = await market()
    assert await exchange_time(again) >= seen
    assert await closed_bar(again, begin) == bar
