"""A trade held for hours, over real fetches from the simulated exchange: others are judged, and nothing spins."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from services.bootstrap import build
from services.domain.market import Market
from services.domain.path import MINUTE
from services.domain.plan import Direction
from services.usecases.context import Services
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import BARS_MAX, fetch_paths
from services.usecases.new_trade import NewTrade
from services.usecases.open_trade import open_trade
from services.usecases.refresh_instruments import refresh_instruments
from services.usecases.sweep_quotes import sweep_quotes
from tests.simulator_process import start_simulator

HELD_MINUTES = 3 * BARS_MAX


@pytest.fixture
async def services(database_url: str, redis_url: str) -> AsyncIterator[Services]:
    async with start_simulator(seed=7) as simulator:
        settings = simulator.settings(database_url, redis_url)
        async with build(settings) as running:
            await refresh_instruments(running, Market.FUTURES)
            await sweep_quotes(running, Market.FUTURES)
            yield running


async def test_a_trade_held_for_hours_keeps_nobody_waiting(services: Services):
    quote = await services.prices.one(Market.FUTURES, "BTCUSDT")
    assert quote is not None
    wish = NewTrade(
        market_type=Market.FUTURES,
        symbol="BTCUSDT",
        direction=Direction.LONG,
        stop_loss=quote.last * Decimal("0.5"),
        take_profit=quote.last * 2,
    )
    await open_trade(services, 1, wish)
    async with services.pool.connection() as connection:
        await connection.execute(
            """UPDATE live_triggers SET held_from = date_trunc('minute', active_from) - %s,
                                        active_from = active_from - %s""",
            [HELD_MINUTES * MINUTE, HELD_MINUTES * MINUTE + timedelta(hours=1)],
        )
        await connection.execute("UPDATE watermarks SET judged_to = judged_to - interval '3 minutes'")
    for cycle in range(HELD_MINUTES // BARS_MAX + 2):
        paths = await fetch_paths(services, Market.FUTURES, ["BTCUSDT"], tail=False, purpose="cycle")
        evaluated = await evaluate_trades(services, paths)
        assert evaluated.behind == {}, f"cycle {cycle} asks for more at once"
        held, lag = await _state(services)
        assert lag < 2 * MINUTE, "the watermark goes on while the trade is caught up"
    assert held is None, "caught up, a message's worth a cycle"


async def _state(services: Services):
    async with services.pool.connection() as connection:
        cursor = await connection.execute(
            """SELECT l.held_from, w.judged_to FROM live_triggers l JOIN watermarks w USING (instrument_id)"""
        )
        row = await cursor.fetchone()
    assert row is not None
    return row[0], await services.clock.now(Market.FUTURES) - row[1]
