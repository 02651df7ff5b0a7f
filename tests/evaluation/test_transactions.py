"""One message in several transactions: whatever happens between two of them, the end is the same."""

import pytest

from services.domain.path import Finer, Resolution, print_bar
from services.domain.trade import Direction, TradeStatus
from services.usecases.judge_paths import CHANGES_MAX, _Batch, judge_paths
from tests.evaluation.desk import START, D, Desk, bar, path
from tests.evaluation.tape import SECOND

FALLING = [bar(0, "100", "101", "99", "99"), bar(1, "99", "99", "94", "94.5"), bar(2, "94.5", "104", "94.5", "104")]


async def transactions(desk: Desk, batch: _Batch, count: int) -> None:
    """A worker that dies after `count` transactions of its batch."""
    async with desk.pool.connection() as connection:
        for _ in range(count):
            await batch.transaction(connection)


async def test_a_held_trade_waits_through_a_shorter_message(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """Its held minute lies ahead of the watermark, for the worker died before the watermark moved."""
    monkeypatch.setattr("services.usecases.judge_paths.CHANGES_MAX", 1)
    btc = desk.instrument()
    held = await desk.add(limit="98", stop="95", target="103", quote=("100", "100.5"))
    for _ in range(2):
        await desk.add(stop="80", target="107")
    bars = [bar(0, "100", "100", "99", "99"), bar(1, "99", "104", "99", "99"), bar(2, "99", "99", "97", "97")]
    bars += [bar(3, "97", "103.5", "94", "100"), bar(4, "100", "108", "100", "108")]
    await transactions(desk, _Batch([path(btc, 0, 5, bars)], {}), 1)
    waiting = await desk.trade(held.id)
    assert (waiting.status, waiting.held_from) == (TradeStatus.OPEN, bars[3].open_time)
    await judge_paths(desk.pool, [path(btc, 0, 1, bars[:1])])
    assert (await desk.trade(held.id)).held_from == bars[3].open_time
    minute = bars[3].open_time
    finer = Finer(Resolution.PRINTS, tuple(print_bar(minute + n * SECOND, D(p)) for n, p in enumerate(["97", "94"])))
    await judge_paths(desk.pool, [path(btc, 0, 5, bars)], {btc.id: {minute: finer}})
    closed = await desk.trade(held.id)
    assert closed.status is TradeStatus.CLOSED_SL
    assert closed.exit is not None
    assert closed.exit.time == minute + SECOND
    assert await desk.violations() == []
