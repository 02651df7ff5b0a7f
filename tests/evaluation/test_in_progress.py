"""A bar in progress and a trade younger than it: finer data closes it at once, without it the finished minute does."""

from datetime import timedelta

from services.domain.path import Finer, Resolution, print_bar
from services.domain.trade import DecidedBy, TradeStatus
from services.usecases.judge_paths import judge_paths
from tests.evaluation.desk import START, D, Desk, bar, path

SECOND = timedelta(seconds=1)


def prints(*told: tuple[int, str]) -> Finer:
    return Finer(Resolution.PRINTS, tuple(print_bar(START + second * SECOND, D(price)) for second, price in told))


async def test_a_touch_after_the_entry_closes_at_once(desk: Desk):
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="110", at=START + 10 * SECOND)
    message = [path(btc, 0, 0, tail=bar(0, "100", "100", "94", "96"))]
    judged = await judge_paths(desk.pool, message)
    assert judged.closed == 0
    assert judged.needs.keys() == {btc.id}
    assert (await desk.trade(trade.id)).held_from is None
    judged = await judge_paths(desk.pool, message, {btc.id: {START: prints((0, "100"), (12, "94"), (13, "96"))}})
    assert judged.closed == 1
    closed = await desk.trade(trade.id)
    assert closed.status is TradeStatus.CLOSED_SL
    assert closed.exit is not None
    assert (closed.exit.price, closed.exit.time) == (D("95"), START + 12 * SECOND)
    assert closed.exit.evidence.decided_by is DecidedBy.PRINTS
    assert await desk.violations() == []


async def test_a_touch_before_the_entry_closes_nothing(desk: Desk):
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="110", at=START + 10 * SECOND)
    message = [path(btc, 0, 0, tail=bar(0, "100", "100", "94", "96"))]
    judged = await judge_paths(desk.pool, message, {btc.id: {START: prints((0, "100"), (5, "94"), (13, "96"))}})
    assert judged.closed == 0
    assert not judged.needs
    assert (await desk.trade(trade.id)).status is TradeStatus.OPEN


async def test_a_fetch_from_before_the_entry_closes_nothing(desk: Desk):
    """The bar in progress had come to 94 and no further; the trade entered at 100 after that."""
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="110", at=START + 10 * SECOND)
    assert (await judge_paths(desk.pool, [path(btc, 0, 0, tail=bar(0, "100", "100", "94", "94"))])).closed == 0
    assert (await desk.trade(trade.id)).status is TradeStatus.OPEN
