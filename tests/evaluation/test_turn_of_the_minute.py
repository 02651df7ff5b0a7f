"""A command in the first moments of a minute is carried out at once, as at any other time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.bootstrap import build
from services.domain.command import CommandKind
from services.domain.market import Market
from services.usecases.command_trade import Wish, command_trade
from tests.evaluation.exchange import Stage
from tests.simulator_process import start_simulator

TURN = datetime(2026, 7, 1, 12, 1, tzinfo=UTC)
WISHES = (Wish(kind=CommandKind.CLOSE), Wish(kind=CommandKind.EDIT, stop_loss=Decimal(10_000)))


@pytest.mark.parametrize("market", Market)
@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.kind)
async def test_a_command_at_the_turn_of_the_minute_is_not_put_off(database_url, redis_url, market, wish):
    start = TURN - timedelta(seconds=30)
    async with start_simulator(paused=True, start=start.isoformat()) as simulator:
        stage = Stage(simulator, simulator.settings(database_url, redis_url, quote_max_age_seconds=Decimal(3600)))
        await stage.refresh(market)
        id_ = await stage.open(market, "BTCUSDT")
        ((account,),) = await stage.rows("SELECT account_id FROM trades")
        await simulator.set_clock(time=round(TURN.timestamp() * 1000), paused=False)
        async with build(stage.settings, name="test") as services:
            commanded = await command_trade(services, [account], id_, wish)
    assert not commanded.pending
    assert commanded.trade.version == 2
