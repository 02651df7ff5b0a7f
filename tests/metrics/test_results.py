"""Results that grow with each closing equal a computation over every trade, in whatever order trades close."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.db import courses, reconcile, results, settlement
from services.domain.changes import Change
from services.domain.metrics.course import course, exposure_percent
from services.domain.metrics.drawdown import deepest, drawdown, recovered_at
from services.domain.metrics.figures import figures
from services.domain.metrics.returns import returns
from services.domain.metrics.scope import GroupBy, Scope
from services.domain.metrics.tally import Tally, tally
from services.domain.metrics.worth import Worth
from services.domain.plan import Direction
from services.domain.trade import Reason
from services.usecases.context import Services
from services.usecases.keep_courses import keep_due
from services.usecases.performance import breakdown, performance
from tests.evaluation.desk import START, Desk
from tests.metrics.deals import PLACES, Deal, closed, closings, deals

CAPITAL = 1_000_000
numbers = itertools.count()
DAY = timedelta(days=1)
KEYS: dict[GroupBy, Callable[[Change], object]] = {
    GroupBy.SYMBOL: lambda change: change.after.instrument.symbol,
    GroupBy.DIRECTION: lambda change: change.after.plan.direction,
    GroupBy.MARKET: lambda change: change.after.instrument.market,
    GroupBy.SOURCE: lambda change: change.after.label.source,
    GroupBy.DAY: lambda change: exit_time(change).date(),
    GroupBy.HOUR: lambda change: exit_time(change).hour,
    GroupBy.EXIT_REASON: lambda change: change.after.ended_by,
    GroupBy.R_MULTIPLE: lambda change: half_r(closed(change).r_multiple),
}


def half_r(multiple: Decimal | None) -> str | None:
    """The lower end of the step of half an R that a result lies in."""
    return None if multiple is None else f"{float(multiple // Decimal('0.5') - (multiple % Decimal('0.5') < 0)) / 2:g}"


def exit_time(change: Change) -> Any:
    assert change.after.exit
    return change.after.exit.time


def fields(struct: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)


def holds(change: Change, scope: Scope) -> bool:
    trade, day = change.after, exit_time(change).date()
    return (
        trade.account_id in scope.account_ids
        and scope.market in (None, trade.instrument.market)
        and scope.symbol in (None, trade.instrument.symbol)
        and scope.direction in (None, trade.plan.direction)
        and scope.source in (None, trade.label.source)
        and (scope.since is None or day >= scope.since)
        and (scope.until is None or day < scope.until)
    )


def whole_computation(changes: list[Change], scope: Scope, group_by: GroupBy | None) -> dict[str, Any]:
    """Every figure from every trade, with nothing kept."""
    inside = sorted((each for each in changes if holds(each, scope)), key=lambda each: (exit_time(each), each.after.id))
    trades = [closed(each) for each in inside]
    mine = [each for each in changes if each.after.account_id in scope.account_ids]
    worth = Worth(Decimal(CAPITAL * len(scope.account_ids)), profits=by_day(mine))
    order, profits = course(trades), [(each.exit_time, each.id, each.profit_loss) for each in trades]
    fall = deepest(order.curve, order.first_entry)
    daily = by_day(inside)
    trough = fall.trough.time.date() if fall else min(daily, default=START.date())
    standing = worth.at(trough) - sum(profit for day, profit in daily.items() if day < trough)
    fallen = drawdown(fall, standing, fall and recovered_at(fall, Decimal(0), profits)) if trades else None
    groups = []
    if group_by:
        known = [each for each in inside if KEYS[group_by](each) is not None]
        keys = {(str(KEYS[group_by](each)), _market_of(each, group_by)) for each in known}
        for key, market in sorted(keys, key=lambda pair: (pair[0], pair[1] or "")):
            several = [
                each for each in inside if (str(KEYS[group_by](each)), _market_of(each, group_by)) == (key, market)
            ]
            sums = sum((tally(closed(each)) for each in several), Tally())
            groups.append(fields(figures(sums)) | {"key": key, "market_type": market})
    return (
        fields(figures(sum(map(tally, trades), Tally())))
        | fields(returns(worth, daily, fallen.percent if fallen else None))
        | {
            "from_day": scope.since,
            "to_day": scope.until,
            "capital": worth.at(min(daily)) if daily else worth.last,
            "max_drawdown": fallen,
            "longest_winning_streak": order.wins.longest,
            "longest_losing_streak": order.losses.longest,
            "exposure_percent": exposure_percent(order),
            "group_by": group_by,
            "groups": groups,
        }
    )


def by_day(changes: list[Change]) -> dict[date, Decimal]:
    found: dict[date, Decimal] = {}
    for each in changes:
        day = exit_time(each).date()
        found[day] = found.get(day, Decimal(0)) + closed(each).profit_loss
    return found


def _market_of(change: Change, group_by: GroupBy) -> str | None:
    return change.after.instrument.market if group_by is GroupBy.SYMBOL else None


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    """With account 0 and 1 in place of real ids."""
    market, symbol = draw(st.sampled_from(PLACES))
    since, until = (draw(st.one_of(st.none(), st.integers(0, 6).map(lambda n: START.date() + n * DAY))) for _ in "ab")
    return Scope(
        account_ids=draw(st.sampled_from([(0,), (0, 1), (1,)])),
        market=draw(st.sampled_from([None, None, market])),
        symbol=draw(st.sampled_from([None, None, symbol])),
        direction=draw(st.sampled_from([None, None, Direction.LONG])),
        source=draw(st.sampled_from([None, None, "tv", "nobody"])),
        since=since,
        until=until,
    )


questions = st.tuples(scopes(), st.sampled_from([None, *GroupBy]))


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would ask the database for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    wanted=st.lists(deals(), min_size=1, max_size=14),
    order=st.randoms(use_true_random=False),
    batch=st.integers(1, 5),
    asked=st.lists(questions, min_size=2, max_size=5),
    tidying=st.sampled_from(["none", "merge", "keep", "keep in small batches"]),
)
async def test_results_equal_the_whole_computation(
    desk: Desk, services: Services, monkeypatch, wanted, order, batch, asked, tidying
):
    number = next(numbers)
    monkeypatch.setattr(courses, "TRADES_AT_ONCE", 1 if "small" in tidying else 20_000)
    accounts = [await desk.account(f"{number} {name}", CAPITAL) for name in "ab"]
    todo = await closings(desk, wanted, accounts)
    order.shuffle(todo)
    done: list[Change] = []
    while todo:
        now, todo = todo[:batch], todo[batch:]
        async with desk.pool.connection() as connection:
            await settlement.settle_and_commit(connection, now, at=START)
        done += now
        if tidying != "none":
            async with desk.pool.connection() as connection:
                assert await results.merge(connection) >= {change.after.account_id for change in now}
        if "keep" in tidying:
            await keep_due(services)
        for scope, group_by in asked:  # repeatedly: what is kept of a question before must not linger
            scope = msgspec.structs.replace(scope, account_ids=tuple(accounts[id_] for id_ in scope.account_ids))
            found = await performance(services, scope, group_by)
            expected = whole_computation(done, scope, group_by)
            assert fields(found) | {"groups": [fields(group) for group in found.groups]} == expected
            if group_by:
                assert await breakdown(services, scope, group_by) == found.groups
    async with desk.pool.connection() as connection:
        assert await reconcile.differences(connection) == {}


async def test_closings_and_merges_at_once_count_once(desk: Desk, services: Services):
    deal = Deal(0, 1, Direction.LONG, "tv", Reason.MANUAL, 0, 5, 103)
    todo = await closings(desk, [deal] * 40, [desk.account_id])

    async def settle(change: Change) -> None:
        async with desk.pool.connection() as connection:
            await settlement.settle_and_commit(connection, [change], at=START)

    async def merge() -> None:
        async with desk.pool.connection() as connection:
            await results.merge(connection)

    await asyncio.gather(*(doing for change in todo for doing in (settle(change), merge())))
    await merge()
    found = await performance(services, Scope(account_ids=(desk.account_id,)))
    assert (found.total_trades, found.longest_winning_streak) == (40, 40)
    async with desk.pool.connection() as connection:
        cursor = await connection.execute("SELECT trades FROM results ORDER BY instrument_id")
        assert await cursor.fetchall() == [(40,), (40,)]
