"""What one batch of paths does to trades in Postgres."""

import pytest

from services.db import watermarks
from services.domain.errors import InvalidData
from services.domain.judge import Need
from services.domain.market import Market
from services.domain.path import MINUTE, Finer, Resolution, print_bar
from services.domain.plan import Direction
from services.domain.trade import DecidedBy, TradeStatus
from services.usecases.judge_paths import judge_paths
from tests.evaluation.desk import START, D, Desk, bar, path


async def test_a_path_closes_what_it_touches_and_nothing_else(desk: Desk):
    btc = desk.instrument()
    stopped = await desk.add(stop="95", target="110")
    won = await desk.add(stop="90", target="104")
    short = await desk.add(direction=Direction.SHORT, stop="120", target="94")
    other = await desk.add(desk.instrument("BTCUSDT", Market.SPOT))
    judged = await judge_paths(
        desk.pool, [path(btc, 0, 3, [bar(0, "100", "105", "99", "104"), bar(1, "104", "104", "94.5", "96")])]
    )
    assert judged.closed == 2
    assert not judged.needs
    assert (await desk.trade(stopped.id)).status is TradeStatus.CLOSED_SL
    closed = await desk.trade(won.id)
    assert closed.status is TradeStatus.CLOSED_TP
    assert closed.exit is not None
    assert closed.exit.price == D("104")
    assert (await desk.trade(short.id)).status is TradeStatus.OPEN
    assert (await desk.trade(other.id)).status is TradeStatus.OPEN
    assert await desk.violations() == []


async def test_a_repeated_message_changes_nothing(desk: Desk):
    btc = desk.instrument()
    await desk.add(stop="95", target="110")
    message = [path(btc, 0, 2, [bar(0, "100", "105", "99", "104"), bar(1, "104", "104", "94.5", "96")])]
    first = await judge_paths(desk.pool, message)
    again = await judge_paths(desk.pool, message)
    assert (first.closed, again.closed) == (1, 0)
    assert await desk.violations() == []


async def test_a_path_that_does_not_reach_back_is_refused(desk: Desk):
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="110")
    judged = await judge_paths(desk.pool, [path(btc, 1, 2, [bar(1, "100", "100", "90", "91")])])
    assert judged.gaps == [btc.id]
    assert (await desk.trade(trade.id)).status is TradeStatus.OPEN
    judged = await judge_paths(
        desk.pool, [path(btc, 0, 2, [bar(0, "100", "111", "99", "104"), bar(1, "104", "104", "90", "91")])]
    )
    closed = await desk.trade(trade.id)
    assert closed.status is TradeStatus.CLOSED_TP
    assert closed.exit is not None
    assert closed.exit.time == START.replace(second=59, microsecond=999_000)


async def test_a_bar_in_progress_closes_at_once_but_moves_no_watermark(desk: Desk):
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="110")
    waiting = await desk.add(stop="80", target="110", limit="96")
    judged = await judge_paths(desk.pool, [path(btc, 0, 0, tail=bar(0, "100", "100", "94", "96"))])
    assert judged.closed == 1
    assert (await desk.trade(trade.id)).status is TradeStatus.CLOSED_SL
    assert (await desk.trade(waiting.id)).status is TradeStatus.PENDING
    judged = await judge_paths(desk.pool, [path(btc, 0, 1, [bar(0, "100", "100", "94", "96")])])
    assert (judged.opened, judged.closed) == (1, 0)
    assert (await desk.trade(waiting.id)).status is TradeStatus.OPEN
    assert await desk.violations() == []


@pytest.mark.parametrize("direction", Direction)
async def test_where_nothing_finer_is_to_be_had_the_adverse_order_is_taken_and_told(desk: Desk, direction: Direction):
    stop, target = ("95", "105") if direction is Direction.LONG else ("105", "95")
    trade = await desk.add(direction=direction, stop=stop, target=target)
    message = [path(desk.instrument(), 0, 1, [bar(0, "100", "106", "94", "100")])]
    judged = await judge_paths(desk.pool, message)
    assert judged.needs == {desk.instrument().id: {Need(START)}}
    assert (await desk.trade(trade.id)).held_from == START
    gone = {desk.instrument().id: {START: Finer(Resolution.PRINTS, gone=True)}}
    assert (await judge_paths(desk.pool, message, gone)).closed == 1
    closed = await desk.trade(trade.id)
    assert (closed.status, closed.ambiguous) == (TradeStatus.CLOSED_SL, True)
    assert closed.exit is not None
    assert closed.exit.evidence.decided_by is DecidedBy.ADVERSE
    assert await desk.violations() == []


@pytest.mark.parametrize("prices", [["NaN"] * 4, ["1", "NaN", "1", "1"], ["1", "Infinity", "1", "1"], ["0"] * 4])
async def test_an_impossible_price_never_becomes_a_bar(prices: list[str]):
    with pytest.raises(InvalidData):
        bar(0, *prices).checked()


async def test_a_message_that_reaches_further_back_is_cut_off_at_the_watermark(desk: Desk):
    """Minute 0 was decided by its prints; nobody needs them again to judge minute 1."""
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="105", at=START + MINUTE / 2)
    bars = [bar(0, "100", "100", "94", "100"), bar(1, "100", "106", "100", "106")]
    prints = [(START, "100"), (START + MINUTE / 4, "94"), (START + MINUTE / 2, "100")]
    told = Finer(Resolution.PRINTS, tuple(print_bar(time, D(price)) for time, price in prints))
    await judge_paths(desk.pool, [path(btc, 0, 1, bars[:1])], {btc.id: {START: told}})
    judged = await judge_paths(desk.pool, [path(btc, 0, 2, bars)])
    assert (judged.closed, judged.needs) == (1, {})
    assert (await desk.trade(trade.id)).status is TradeStatus.CLOSED_TP


async def test_what_a_watermark_remembers_depends_on_the_bars_alone(desk: Desk):
    """One message or many, in any order, again and again: the same row."""
    bars = [bar(0, "100", "103", "99", "102"), bar(1, "102", "102", "95", "96"), bar(2, "96", "104", "96", "101")]
    whole, parts = desk.instrument("BTCUSDT"), desk.instrument("ETHUSDT")
    tail = bar(3, "101", "150", "50", "77")
    await judge_paths(desk.pool, [path(whole, 0, 3, bars)])
    for start, end in ((0, 1), (0, 2), (0, 1), (1, 3), (0, 0), (0, 3)):
        await judge_paths(desk.pool, [path(parts, start, end, bars[start:end], tail if end == 3 else None)])
    async with desk.pool.connection() as connection:
        marks = await watermarks.lock(connection, [whole.id, parts.id])
    assert marks[parts.id] == marks[whole.id]
    assert (marks[whole.id].judged_to, marks[whole.id].last_close) == (START + 3 * MINUTE, D("101"))
    assert marks[whole.id].average_range > 0


async def test_a_held_trade_catches_up_in_pieces(desk: Desk):
    """Finer data came late: the watermark is far ahead, the pieces end before it, no bar between is left out."""
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="105", at=START + MINUTE / 2)
    bars = [bar(0, "100", "100", "94", "100"), *(bar(n, "100", "101", "99", "100") for n in range(1, 6))]
    bars[2] = bar(2, "100", "106", "100", "100")
    await judge_paths(desk.pool, [path(btc, 0, 6, bars)])
    prints = [(START, "100"), (START + MINUTE / 4, "94"), (START + MINUTE / 2, "100")]
    told = Finer(Resolution.PRINTS, tuple(print_bar(time, D(price)) for time, price in prints))
    await judge_paths(desk.pool, [path(btc, 0, 2, bars[:2])], {btc.id: {START: told}})
    waiting = await desk.trade(trade.id)
    assert (waiting.status, waiting.held_from) == (TradeStatus.OPEN, START + 2 * MINUTE)
    assert (await judge_paths(desk.pool, [path(btc, 2, 4, bars[2:4])])).closed == 1
    assert (await desk.trade(trade.id)).status is TradeStatus.CLOSED_TP
    assert await desk.violations() == []
