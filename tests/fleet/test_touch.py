"""What happens between two looks at the market: wicks, gaps, and touches that are answered at once."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.fleet.fleet import violations
from tests.fleet.oracle import MINUTE_MS, Order, Outcome
from tests.fleet.orders import rows
from tests.fleet.stage import Place, stage_on
from tests.fleet.tape import FOLDERS, PAIRS, START, milliseconds, write
from tests.servers import wait_until
from tests.simulator_process import Simulator

SPEED = 10
BEGIN = milliseconds(START)
MINUTE = BEGIN // MINUTE_MS
TOUCH_SECOND = 130
"""Ten seconds into the third minute."""


@pytest.fixture
def calm(tmp_path) -> Path:
    """A recording of an hour in which every pair stands still, but for one print a minute to fill the orders."""
    for market in FOLDERS:
        for symbol, (price, _) in PAIRS.items():
            prints = [(BEGIN + minute * MINUTE_MS + 500, Decimal(price)) for minute in range(60)]
            write(tmp_path / "calm", market, symbol, prints)
    return tmp_path / "calm"


def resting(market: str, symbol: str, sign: int, limit: str, stop: str, target: str) -> Order:
    return Order(market, symbol, sign, Decimal(limit), Decimal(stop), Decimal(target))


async def test_wicks_and_gaps_close_at_their_price_and_touches_at_once(place: Place, calm: Path):
    wick = resting("FUTURES", "BTCUSDT", +1, "59900", "59400", "62000")
    other_market = resting("SPOT", "BTCUSDT", +1, "59900", "59400", "62000")
    gap_over_stop = resting("FUTURES", "ETHUSDT", -1, "3010", "3030", "2000")
    gap_over_target = resting("SPOT", "ETHUSDT", +1, "2990", "2000", "3030")
    touch = resting("FUTURES", "SOLUSDT", +1, "149", "100", "155")
    placed = [wick, other_market, gap_over_stop, gap_over_target, touch]
    async with stage_on(place, calm, START, placed, speed=SPEED, sweep_seconds=Decimal("0.5")) as stage:
        tell, fleet = stage.simulator, stage.fleet
        for order in placed:  # a second at the limit opens every trade
            await hold(tell, order, order.limit, 2, 3)
        await hold(tell, wick, Decimal(59000), 75, 76)
        await hold(tell, wick, wick.limit, 76.001, 77)
        for order in (gap_over_stop, gap_over_target):
            await hold(tell, order, Decimal(3060), 60, 1800)
        await hold(tell, touch, Decimal(160), TOUCH_SECOND, 1800)
        await tell.set_clock(paused=False)

        fleet.spawn("scheduler", "scheduler")
        fleet.spawn("judging", "worker", "--queues", "fetch,evaluate,maintenance")
        await wait_until(lambda: _reached(tell, 77))
        fleet.spawn("sweeping", "worker", "--queues", "sweep,ring")  # no sweep has seen the wick

        await wait_until(lambda: _reached(tell, TOUCH_SECOND), 30)
        await wait_until(lambda: rows(stage.settings)[4].outcome.exit_price, 6)
        assert not await _reached(tell, 180), "closed with the minute, not by the touch"
        await wait_until(lambda: sum(row.outcome.exit_price is not None for row in rows(stage.settings)) == 4, 20)
        await fleet.stop()
        assert [row.outcome for row in rows(stage.settings)] == [
            Outcome("CLOSED_SL", wick.limit, MINUTE, wick.stop, MINUTE + 1, reason="stop_loss"),
            Outcome("OPEN", other_market.limit, MINUTE),
            Outcome("CLOSED_SL", gap_over_stop.limit, MINUTE, Decimal(3060), MINUTE + 1, reason="stop_loss"),
            Outcome(
                "CLOSED_TP", gap_over_target.limit, MINUTE, gap_over_target.target, MINUTE + 1, reason="take_profit"
            ),
            Outcome("CLOSED_TP", touch.limit, MINUTE, touch.target, MINUTE + 2, reason="take_profit"),
        ]
        assert violations(stage.settings) == []


async def hold(simulator: Simulator, order: Order, price: Decimal, since: float, until: float) -> None:
    """The pair's price is `price` in these seconds of the tape, traded at both ends and once a minute between.

    The exchange tells of every minute of a pair that trades: one that nothing is told of is not over yet.
    """
    begin, end = (BEGIN + int(second * 1000) for second in (since, until))
    times = [*range(begin, end, MINUTE_MS), end]
    await simulator.set_path(order.market, order.symbol, [(time, price) for time in times])


async def _reached(simulator: Simulator, second: int) -> bool:
    return await simulator.now() >= BEGIN + second * 1000
