"""A trade that is struck out counts for nothing: not in the ledger, not in any figure, whatever happens at once."""

import asyncio
from decimal import Decimal

import pytest

from services.db import courses, reconcile, results, settlement, trade_notes, watermarks
from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.metrics.scope import GroupBy, Scope
from services.domain.plan import Direction
from services.domain.trade import Reason
from services.usecases.performance import breakdown, performance
from services.usecases.read_trade import read_trade
from services.usecases.void_trade import read_voids, void_trade
from tests.evaluation.desk import START, blocked
from tests.metrics.deals import Deal, closings
from tests.servers import wait_until

WHY = "the exchange's feed was wrong"


def deal(minute: int, price: int) -> Deal:
    return Deal(0, 1, Direction.LONG, "tv", Reason.MANUAL, minute, 5, price)


async def closed(desk, services, *deals: Deal) -> list[int]:
    changes = await closings(desk, deals, [desk.account_id])
    for change in changes:
        async with services.pool.connection() as connection:
            await settlement.settle_and_commit(connection, [change], at=START)
    return [change.after.id for change in changes]


async def books(services) -> dict[str, list[str]]:
    async with services.pool.connection() as connection:
        return await reconcile.differences(connection)


async def one(services, query: str, *values: object):
    async with services.pool.connection() as connection:
        return await (await connection.execute(query, values)).fetchone()


async def test_it_leaves_the_figures_as_if_it_had_never_closed(desk, services):
    scope = Scope(account_ids=(desk.account_id,))
    await closed(desk, services, deal(0, 104), deal(20, 98))
    without = await performance(services, scope), await breakdown(services, scope, GroupBy.SYMBOL)
    before = await one(services, "SELECT balance, event_seq FROM accounts WHERE id = %s", desk.account_id)
    (wrong,) = await closed(desk, services, deal(10, 97))
    assert (await performance(services, scope)).total_trades == 3

    view = await void_trade(services, wrong, WHY, "anna")
    assert (view.status, view.profit_loss, view.void_reason) == ("VOIDED", 0, WHY)
    assert (await performance(services, scope), await breakdown(services, scope, GroupBy.SYMBOL)) == without
    assert await read_trade(services, [desk.account_id], wrong) == view_as_read(view)
    after = await one(services, "SELECT balance, event_seq FROM accounts WHERE id = %s", desk.account_id)
    assert after == (before[0], before[1] + 3), "opened, closed, voided"
    assert await one(services, "SELECT sum(amount), count(*) FROM ledger WHERE trade_id = %s", wrong) == (0, 4)
    assert (await one(services, "SELECT action, payload -> 'trade' ->> 'void_reason' FROM events ORDER BY seq DESC"))[
        :
    ] == ("voided", WHY)
    (void,), _ = await read_voids(services, 10)
    assert (void.trade_id, void.status, void.by_whom) == (wrong, "CLOSED_MANUAL", "anna")
    assert void.profit_loss < 0
    assert await books(services) == {}


def view_as_read(view):
    from services.usecases.read_trade import LiveTradeView

    return LiveTradeView(**{name: getattr(view, name) for name in view.__struct_fields__})


async def test_what_may_not_be_struck_out_and_nobody_does_it_twice(desk, services):
    open_ = await desk.add()
    (wrong,) = await closed(desk, services, deal(0, 97))
    with pytest.raises(NotFound):
        await void_trade(services, 999_999, WHY, "anna")
    with pytest.raises(InvalidInput):
        await void_trade(services, wrong, "  ", "anna")
    with pytest.raises(Conflict) as refused:
        await void_trade(services, open_.id, WHY, "anna")
    assert refused.value.code == "trade_not_closed"
    outcomes = await asyncio.gather(
        *(void_trade(services, wrong, WHY, name) for name in ("anna", "ben", "eve")), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "Conflict", "TradeView"]
    assert await one(services, "SELECT count(*) FROM ledger WHERE kind = 'void'") == (1,)
    assert await books(services) == {}


async def test_it_waits_for_a_note_that_is_being_written(desk, services):
    """Which makes another version of the trade than the one that would be struck out."""
    (wrong,) = await closed(desk, services, deal(0, 104))
    trade = await desk.trade(wrong)
    async with services.pool.connection() as connection:
        await watermarks.lock(connection, [trade.instrument.id])
        await trade_notes.write(connection, wrong, "too early")
        voiding = asyncio.create_task(void_trade(services, wrong, WHY, "anna"))
        await wait_until(lambda: blocked(desk))
    view = await voiding
    assert (view.status, view.notes) == ("VOIDED", "too early")


async def test_a_course_read_before_is_not_kept_after(desk, services):
    """Else a closing later on the same day would make its number of trades right again."""
    scope = Scope(account_ids=(desk.account_id,))
    wrong, _ = await closed(desk, services, deal(0, 97), deal(20, 104))
    day = START.date()
    async with services.pool.connection() as connection:
        then = await courses.struck_out(connection)
        stale = await courses.read(connection, scope, {day: 2})
    await void_trade(services, wrong, WHY, "anna")
    async with services.pool.connection() as connection:
        await courses.keep(connection, scope, stale, then)
        assert await courses.kept(connection, scope) == {}
    await closed(desk, services, deal(30, 103))
    assert (await performance(services, scope)).longest_winning_streak == 2


async def test_voids_closings_and_merging_at_once_add_up(desk, services):
    wrong = await closed(desk, services, *(deal(minute, 97) for minute in range(6)))
    right = await closings(desk, [deal(minute, 104) for minute in range(6)], [desk.account_id])

    async def settle(change):
        async with services.pool.connection() as connection:
            await settlement.settle_and_commit(connection, [change], at=START)

    async def merge():
        async with services.pool.connection() as connection:
            await results.merge(connection)

    async with asyncio.TaskGroup() as group:
        for trade_id, change in zip(wrong, right, strict=True):
            group.create_task(void_trade(services, trade_id, WHY, "anna"))
            group.create_task(settle(change))
            group.create_task(merge())
    figures = await performance(services, Scope(account_ids=(desk.account_id,)))
    assert (figures.total_trades, figures.losing_trades) == (6, 0)
    assert figures.total_profit_loss > Decimal(0)
    assert await books(services) == {}
