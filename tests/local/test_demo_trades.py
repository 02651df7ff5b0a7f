"""The demo trades of a first run: each once, whoever asks for them and whenever."""

import asyncio
from collections import Counter
from decimal import Decimal

import pytest

from services.domain.market import Market
from services.usecases.open_demo_trades import BASES, open_demo_trades
from tests.api.running import market
from tests.simulator_process import start_simulator

DEMO = Counter((market.value, f"{base}USDT") for market in Market for base in BASES)
OPENED = "SELECT i.market, i.symbol FROM trades t JOIN instruments i ON i.id = t.instrument_id"


@pytest.fixture
async def services(database_url, redis_url):
    async with start_simulator(seed=7) as simulator:
        settings = simulator.settings(database_url, redis_url, quote_max_age_seconds=Decimal(60))
        async with market(settings) as opened:
            yield opened


async def test_each_is_opened_once_by_all_who_ask_and_never_again(services):
    assert sorted(await asyncio.gather(*(open_demo_trades(services) for _ in range(3)))) == [0, 0, len(DEMO)]
    async with services.pool.connection() as connection:
        assert Counter(await (await connection.execute(OPENED)).fetchall()) == DEMO
        await connection.execute("DELETE FROM idempotency")  # as housekeeping does in time
    assert await open_demo_trades(services) == 0
