"""Nonsense about the inside of a minute: waited out, and believed to be all there is only after an hour of it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.bootstrap import build
from services.db import instruments
from services.domain.finer import is_whole
from services.domain.judge import Need
from services.domain.market import Market
from services.domain.path import MINUTE, Finer
from services.usecases.context import Services
from services.usecases.finer_data import HOPELESS_ANSWERS, fetch_finer
from services.usecases.refresh_instruments import refresh_instruments
from tests.simulator_process import Simulator, start_simulator

MARKET = Market.FUTURES
OLD = timedelta(hours=3)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with start_simulator(seed=7) as running:
        yield running


@pytest.fixture
async def services(database_url: str, redis_url: str, simulator: Simulator) -> AsyncIterator[Services]:
    settings = simulator.settings(database_url, redis_url, futures_weight_per_minute=100_000)
    async with build(settings) as running:
        for market in Market:
            await refresh_instruments(running, market)
        yield running


async def pass_time(services: Services, simulator: Simulator, minutes: int) -> None:
    await simulator.set_clock(advance_ms=minutes * 60_000)
    await services.clock.sync(MARKET)


async def test_only_an_hour_of_nonsense_makes_a_minute_hopeless(services: Services, simulator: Simulator):
    async with services.pool.connection() as connection:
        (btc,) = await instruments.by_symbols(connection, MARKET, ["BTCUSDT"])
    minute = (await services.clock.now(MARKET)).replace(second=0, microsecond=0) - OLD

    async def asked() -> dict[object, object]:
        found = await fetch_finer(services, {btc: {Need(minute, None)}}, {}, {})
        return {at: (bool(finer.bars), finer.gone) for at, finer in found.get(btc.id, {}).items()}

    async def nonsense() -> None:
        await simulator.add_fault("garbage", path_prefix="/fapi/v1/aggTrades")

    await nonsense()
    for _ in range(HOPELESS_ANSWERS):
        assert await asked() == {}, "however old the minute is, nonsense tells nothing in the first hour"
    await pass_time(services, simulator, 59)
    assert await asked() == {}
    await simulator.clear_faults()
    assert await asked() == {minute: (True, False)}

    await nonsense()
    await pass_time(services, simulator, 30)
    assert await asked() == {}, "it was answered well meanwhile: the hour begins anew"
    await pass_time(services, simulator, 61)
    for _ in range(HOPELESS_ANSWERS - 1):
        assert await asked() == {}, "the hour is over, but few answers may be one bad node's"
    assert await asked() == {minute: (False, True)}
    await simulator.clear_faults()
    assert await asked() == {minute: (False, True)}, "every later trade is judged on it alike"


@pytest.mark.parametrize("market", Market)
@pytest.mark.parametrize("factor", ["100", "0.01"])
async def test_a_wild_answer_about_an_old_minute_does_not_make_up_its_bar_and_decides_nothing(
    services: Services, simulator: Simulator, market: Market, factor: str
):
    async with services.pool.connection() as connection:
        (btc,) = await instruments.by_symbols(connection, market, ["BTCUSDT"])
    minute = (await services.clock.now(market)).replace(second=0, microsecond=0) - OLD
    told, _ = await services.exchange.path(
        market, btc.symbol, btc.id, start=minute, end=minute + MINUTE, tail=False, purpose="cycle"
    )
    [bar] = told.bars

    async def asked() -> dict[datetime, Finer]:
        found = await fetch_finer(services, {btc: {Need(minute, None)}}, {}, {(btc.id, minute): bar})
        return found.get(btc.id, {})

    await simulator.add_fault("jump", value=factor)
    for _ in range(3):
        assert await asked() == {}
    await simulator.clear_faults()
    known = (await asked())[minute]
    assert is_whole(known, bar)
    assert not known.gone
