"""Futures on Postgres: liquidation found by the mark price, and funding booked once its rate is known."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services.db import funding
from services.domain.brackets import Bracket
from services.domain.funding import Settlement
from services.domain.path import MINUTE
from services.domain.plan import Direction
from services.domain.trade import TradeStatus
from services.usecases.judge_paths import judge_paths
from tests.evaluation.desk import START, D, Desk, bar, path

FLAT = (Bracket(D(0), D("1000000000"), D("0.01"), D(0), 50),)
"""At 10 times, 100 is liquidated at 90.909090..."""


def still(minute: int):
    return bar(minute, "100", "100", "100", "100")


@pytest.mark.parametrize("direction", list(Direction))
async def test_the_mark_price_finds_whom_it_liquidates_and_nobody_else(desk: Desk, direction: Direction):
    long = direction is Direction.LONG
    stop, target, mild = ("95", "120", "50") if long else ("105", "80", "150")
    high, low = ("100", "90.9") if long else ("109", "100")
    hit = await desk.add(direction=direction, stop=stop, target=target, leverage=10, brackets=FLAT)
    spared = await desk.add(direction=direction, stop=mild, target=target, brackets=FLAT)
    judged = await judge_paths(
        desk.pool, [path(desk.instrument(), 0, 2, [still(0)], mark=(bar(1, "100", high, low, "100"),))]
    )
    assert judged.closed == 1
    ended = await desk.trade(hit.id)
    assert ended.status is TradeStatus.CLOSED_LIQUIDATED
    assert ended.exit is not None
    assert ended.exit.time == START + 2 * MINUTE - timedelta(milliseconds=1)
    assert (await desk.trade(spared.id)).status is TradeStatus.OPEN
    assert await desk.violations() == []


async def test_a_path_without_the_mark_price_is_refused_where_it_could_have_liquidated(desk: Desk):
    await desk.add(leverage=10, brackets=FLAT)
    judged = await judge_paths(desk.pool, [path(desk.instrument(), 0, 2, [still(0)])])
    assert (judged.gaps, judged.moved) == ([desk.instrument().id], {})
    late = await desk.add(desk.instrument("ETHUSDT"), leverage=10, brackets=FLAT, at=START + 2 * MINUTE)
    judged = await judge_paths(desk.pool, [path(late.instrument, 0, 2, [still(0)])])
    assert judged.gaps == []


async def settle(desk: Desk, *minutes_and_amounts: tuple[int, str], due: int | None = None) -> None:
    id_ = desk.instrument().id
    found = [Settlement(START + minute * MINUTE, Decimal(amount)) for minute, amount in minutes_and_amounts]
    async with desk.pool.connection() as connection:
        await funding.store(connection, {id_: found}, {id_: None if due is None else START + due * MINUTE})


async def test_a_closing_waits_for_the_rate_of_a_settlement_before_it_and_books_it(desk: Desk):
    trade = await desk.add(stop="95")
    await settle(desk, due=1)
    falls = path(desk.instrument(), 0, 3, [still(0), still(1), bar(2, "100", "100", "94", "94")])
    judged = await judge_paths(desk.pool, [falls])
    assert judged.closed == 0
    assert (await desk.trade(trade.id)).held_from == START + 2 * MINUTE
    await settle(desk, (1, "0.25"), due=481)
    judged = await judge_paths(desk.pool, [falls])
    assert judged.closed == 1
    ended = await desk.trade(trade.id)
    assert ended.exits[0].funding == Decimal("0.25") * trade.quantity
    async with desk.pool.connection() as connection:
        cursor = await connection.execute("SELECT amount FROM ledger WHERE kind = 'funding'")
        assert await cursor.fetchall() == [(Decimal("-0.25") * trade.quantity,)]
        cursor = await connection.execute("SELECT funding FROM trades")
        assert await cursor.fetchall() == [(Decimal("0.25") * trade.quantity,)]
    assert await desk.violations() == []


async def test_settlements_of_long_ago_come_as_their_sum(desk: Desk):
    """What lies before the path is not loaded one by one; what lies before the entry is not charged."""
    await settle(desk, (-9, "1"), (-5, "1"))
    trade = await desk.add(stop="95", skip_idle=True)
    await settle(desk, (0, "0.5"), (2, "0.25"), (4, "0.125"))
    await judge_paths(desk.pool, [path(desk.instrument(), 0, 3, [still(0)])])
    await judge_paths(desk.pool, [path(desk.instrument(), 3, 5, [bar(4, "100", "100", "94", "94")])])
    ended = await desk.trade(trade.id)
    assert ended.exits[0].funding == Decimal("0.875") * trade.quantity
    assert await desk.violations() == []


async def test_settlements_are_appended_once(desk: Desk):
    await settle(desk, (1, "0.5"), (2, "0.25"))
    await settle(desk, (1, "9"), (2, "9"), (3, "-1"))
    async with desk.pool.connection() as connection:
        cursor = await connection.execute("SELECT amount, total FROM funding_settlements ORDER BY time")
        rows = await cursor.fetchall()
    assert rows == [(D("0.5"), D("0.5")), (D("0.25"), D("0.75")), (D(-1), D("-0.25"))]
