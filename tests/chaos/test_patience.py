"""One bad answer decides nothing: neither about the inside of a minute, nor about minutes that were not told of."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from services.bootstrap import build
from services.db import instruments
from services.domain.judge import Need
from services.domain.market import Market
from services.domain.path import Finer
from services.usecases.context import Services
from services.usecases.fetch_paths import fetch_paths
from services.usecases.finer_data import HOPELESS, HOPELESS_ANSWERS, fetch_finer
from services.usecases.sweep_quotes import sweep_quotes
from tests.evaluation.exchange import MINUTE, stage

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
LATER = START + timedelta(hours=3)
SYMBOL = "BTCUSDT"


async def test_nonsense_about_an_old_minute_is_asked_for_again_and_again_before_it_counts(database_url, redis_url):
    async with stage(database_url, redis_url, START) as exchange:
        async with exchange.visit(LATER) as services:
            await exchange.simulator.add_fault("garbage", path_prefix="/api/v3/klines")
            for _ in range(HOPELESS_ANSWERS + 1):
                assert await ask(services) == {}, "many bad answers within an hour"
            await exchange.simulator.clear_faults()
            assert (await ask(services))[START].bars, "a good one after them is believed"
            await exchange.simulator.add_fault("garbage", path_prefix="/api/v3/klines")
            assert await ask(services) == {}, "and the doubt begins anew"
        async with build(exchange.settings, name="test") as services:
            await exchange.simulator.set_clock(time=round((LATER + HOPELESS + MINUTE).timestamp() * 1000))
            for _ in range(HOPELESS_ANSWERS - 1):
                assert await ask(services) == {}, "and few of them after it"
            assert (await ask(services))[START].gone, "many and for an hour: hopeless"


async def ask(services: Services) -> Mapping[datetime, Finer]:
    """What is known inside the minute START."""
    async with services.pool.connection() as connection:
        [instrument] = await instruments.by_symbols(connection, Market.SPOT, [SYMBOL])
    found = await fetch_finer(services, {instrument: {Need(START)}}, {}, {})
    return found.get(instrument.id, {})


async def test_a_frozen_feed_moves_no_watermark_beyond_what_it_told(database_url, redis_url):
    async with stage(database_url, redis_url, START) as exchange:
        await exchange.simulator.add_fault("stale", path_prefix="/api/v3/klines")
        await exchange.simulator.set_clock(advance_ms=10 * 60_000)
        async with exchange.visit() as services:
            [path] = await fetch_paths(services, Market.SPOT, [SYMBOL], tail=False, purpose="cycle")
            assert path.end <= START, "ten minutes of the same answer tell nothing of those minutes"
        await exchange.simulator.clear_faults()
        async with exchange.visit() as services:
            [path] = await fetch_paths(services, Market.SPOT, [SYMBOL], tail=False, purpose="cycle")
            assert path.end > START + 8 * MINUTE
            assert len(path.bars) >= 8


@pytest.mark.parametrize("factor", ["100", "0.01"])
async def test_a_wild_first_path_is_not_believed(database_url, redis_url, factor):
    async with stage(database_url, redis_url, START) as exchange, exchange.visit(START + 3 * MINUTE) as services:
        await sweep_quotes(services, Market.SPOT)
        await exchange.simulator.add_fault("jump", path_prefix="/api/v3/klines", value=factor)
        assert await fetch_paths(services, Market.SPOT, [SYMBOL], tail=False, purpose="cycle") == []
        await exchange.simulator.clear_faults()
        assert await fetch_paths(services, Market.SPOT, [SYMBOL], tail=False, purpose="cycle")
