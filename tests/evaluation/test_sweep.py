"""Sweeps against the simulated exchange: a frozen feed is told, once, and so is its return."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from services.bootstrap import build
from services.domain.market import Market
from services.usecases.context import Services
from services.usecases.sweep_quotes import FROZEN_SWEEPS, sweep_quotes
from tests.simulator_process import Simulator, start_simulator


@pytest.fixture
async def desk_and_exchange(database_url: str, redis_url: str) -> AsyncIterator[tuple[Services, Simulator]]:
    async with start_simulator(seed=7, paused=True) as simulator:
        settings = simulator.settings(database_url, redis_url)
        async with build(settings) as services:
            yield services, simulator


async def told(services: Services) -> list[str]:
    async with services.pool.connection() as connection:
        cursor = await connection.execute("SELECT action FROM events WHERE stream = 'market' ORDER BY seq")
        return [row[0] for row in await cursor.fetchall()]


async def test_a_frozen_feed_is_told_and_so_is_its_return(desk_and_exchange: tuple[Services, Simulator]):
    services, simulator = desk_and_exchange
    for _ in range(FROZEN_SWEEPS + 2):
        await sweep_quotes(services, Market.SPOT)
    assert await told(services) == ["feed_frozen"]
    await simulator.jump("SPOT", "BTCUSDT", Decimal(60000))
    await simulator.set_clock(advance_ms=60_000)
    await sweep_quotes(services, Market.SPOT)
    assert await told(services) == ["feed_frozen", "feed_moves"]
