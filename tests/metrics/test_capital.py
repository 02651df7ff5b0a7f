"""Money that comes and goes by no trade: each day's figures stand on what there was that day."""

from datetime import datetime, timedelta
from decimal import Decimal

from services.db import accounts, settlement
from services.domain.metrics.returns import cagr, sharpe
from services.domain.metrics.scope import Scope
from services.domain.path import MINUTE
from services.domain.plan import Direction
from services.domain.trade import Reason
from services.usecases.context import Services
from services.usecases.performance import Performance, performance
from tests.evaluation.desk import START, Desk
from tests.metrics.deals import Deal, closings

DAY = 24 * 60
WON, LOST = Decimal("199.8"), Decimal("-3.0985")
"""What a trade from 100 to 300 and one to 97 come to, after fees of 0.05 % each way."""


async def trade(desk: Desk, account: int, minute: int, price: int) -> None:
    """A trade of 100 USDT closed ten minutes later at `price`."""
    deal = Deal(0, 1, Direction.LONG, "tv", Reason.MANUAL, minute, 10, price)
    for change in await closings(desk, [deal], [account]):
        async with desk.pool.connection() as connection:
            await settlement.settle_and_commit(connection, [change], at=START)


async def reset(desk: Desk, account: int, balance: int, at: datetime) -> None:
    async with desk.pool.connection() as connection:
        held = await accounts.load(connection, account)
        assert held is not None
        await accounts.book(connection, account, "reset", balance - held.balance, at)


async def ask(services: Services, *account_ids: int) -> Performance:
    return await performance(services, Scope(account_ids=account_ids))


async def test_after_a_reset_downwards_returns_are_of_what_was_left(desk: Desk, services: Services):
    account = await desk.account("down", 200)
    await trade(desk, account, 0, 300)
    await trade(desk, account, 20, 300)
    await reset(desk, account, 150, START + 60 * MINUTE)  # what was booked by no trade is now 200 - 449.6
    await trade(desk, account, 7 * DAY, 97)
    found = await ask(services, account)
    daily = [2 * WON / 200, *[Decimal(0)] * 6, LOST / 150]
    assert (found.capital, found.sharpe_ratio, found.cagr) == (200, sharpe(daily), cagr(daily))
    assert found.max_drawdown is not None
    assert (found.max_drawdown.amount, found.max_drawdown.percent) == (-LOST, Decimal("2.07"))  # of 150


async def test_a_reset_before_the_first_trade_of_a_day_holds_for_that_day(desk: Desk, services: Services):
    account = await desk.account("small", 100_000)
    await reset(desk, account, 150, START - MINUTE)
    await trade(desk, account, 0, 97)
    found = await ask(services, account)
    assert found.capital == 150
    assert found.max_drawdown is not None
    assert found.max_drawdown.percent == Decimal("2.07")


async def test_what_a_reset_brings_back_can_be_lost_again(desk: Desk, services: Services):
    account, beside = await desk.account("again", 200), await desk.account("beside", 1000)
    for day in range(2):
        await trade(desk, account, day * DAY, 10)  # 90.055 of 200 are lost
        await reset(desk, account, 200, START + (day * DAY + 60) * MINUTE)
    found = await ask(services, account)
    assert (found.sharpe_ratio, found.sortino_ratio) == (None, Decimal("-19.1050")), "the same was lost each day"
    assert found.max_drawdown is not None
    # Without the fall of 180.11 there would have been 200 + 90.055 at its end.
    assert found.max_drawdown.percent == Decimal("62.10")
    both = await ask(services, account, beside)
    assert (found.capital, both.capital) == (200, 1200)
    none = await performance(services, Scope(account_ids=(account,), since=START.date() + timedelta(days=9)))
    assert (none.total_trades, none.capital) == (0, 200)
