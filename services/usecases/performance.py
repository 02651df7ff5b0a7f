"""Performance of closed trades: would this have made money?

Sums come from results that grow with each closing, what depends on the order of trades from courses of days; so the
answer costs the days and not the trades, and equals a computation over every trade.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from services.db import acting, capital, courses, results
from services.db.pool import Connection, take_time
from services.domain.market import Market
from services.domain.metrics.course import Course, exposure_percent, joined
from services.domain.metrics.curve import Fall
from services.domain.metrics.drawdown import Drawdown, deepest, drawdown, recovered_at
from services.domain.metrics.figures import Figures, figures
from services.domain.metrics.returns import Returns, returns
from services.domain.metrics.scope import GroupBy, Scope
from services.domain.metrics.tally import Tally
from services.domain.money import ZERO
from services.usecases.context import Services
from services.usecases.keep_courses import keep_stale


class Group(Figures, frozen=True, kw_only=True):
    """The figures of one group. `key` is the symbol, direction, market, source, day, hour or reason they share."""

    key: str
    market_type: Market | None = None


class Performance(Figures, frozen=True, kw_only=True):
    """Figures over the closed trades of a scope; null where undefined. Trades count on the UTC day of their exit.

    capital                 USDT that the accounts were worth as the first day with one of these trades began; where
                            there is none, what they are worth now
    max_drawdown            deepest fall of the profit, trade after trade
    longest_winning_streak  most winning trades in a row, by exit time; a break-even ends it, as it does a losing one
    exposure_percent        share of the minutes from the first entry to the last exit with a trade open
    sharpe_ratio, sortino_ratio, cagr, calmar_ratio
                            from the profit of each UTC day on what the accounts were worth as it began; 365 days,
                            risk-free rate 0
    groups                  one a key, where asked for: the 5,000 with the most trades, by key. `total_trades` of the
                            whole counts those that are left out too
    """

    from_day: date | None
    to_day: date | None
    capital: Decimal
    max_drawdown: Drawdown | None
    longest_winning_streak: int
    longest_losing_streak: int
    exposure_percent: Decimal | None
    sharpe_ratio: Decimal | None
    sortino_ratio: Decimal | None
    cagr: Decimal | None
    calmar_ratio: Decimal | None
    group_by: GroupBy | None
    groups: list[Group]


async def last_days(services: Services, days: int) -> date:
    """The first of the last `days` UTC days of exchange time, today included."""
    now = await services.clock.latest()
    return now.date() - timedelta(days=days - 1)


async def performance(services: Services, scope: Scope, group_by: GroupBy | None = None) -> Performance:
    """What the scope's closed trades came to, and with `group_by` each group of them."""
    async with services.pool.connection() as connection:
        await acting.begin_reading(connection)
        daily = await results.days(connection, scope)
        known, stale = await _courses(connection, scope, daily)
        if sum(stale.values()) > courses.TRADES_AT_ONCE:
            await keep_stale(connection, scope, {scope: stale})  # whoever is cut off here has the next go on
            await acting.begin_reading(connection)
            daily = await results.days(connection, scope)
            known, stale = await _courses(connection, scope, daily)
        struck_out = await courses.struck_out(connection)
        profits = {day: tally.net for day, tally in daily.items()}
        worth = await capital.worth(connection, scope.account_ids, profits if scope.is_whole else None)
        fresh = await courses.read(connection, scope, stale)
        by_day = known | fresh
        whole = joined(by_day[day] for day in sorted(by_day))
        fall = deepest(whole.curve, whole.first_entry)
        recovery = None if fall is None else await _recovery(connection, scope, by_day, fall)
        groups = [] if group_by is None else await _groups(connection, scope, group_by)
    if fresh:
        async with services.pool.connection() as connection:
            await courses.keep(connection, scope, fresh, struck_out)
    bottom = min(profits, default=None) if fall is None else fall.trough.time.date()
    fallen = None if bottom is None else drawdown(fall, worth.beneath(profits, bottom), recovery)
    depth = None if fallen is None else fallen.percent
    ratios = returns(worth, profits, depth)
    return Performance(
        **_fields(figures(sum(daily.values(), Tally()))),
        from_day=scope.since,
        to_day=scope.until,
        capital=worth.at(min(profits)) if profits else worth.last,
        max_drawdown=fallen,
        longest_winning_streak=whole.wins.longest,
        longest_losing_streak=whole.losses.longest,
        exposure_percent=exposure_percent(whole),
        **_fields(ratios),
        group_by=group_by,
        groups=groups,
    )


async def breakdown(services: Services, scope: Scope, group_by: GroupBy) -> list[Group]:
    """The figures of each group alone, by key; cheaper than the whole."""
    async with services.pool.connection() as connection:
        await take_time(connection)
        return await _groups(connection, scope, group_by)


async def _groups(connection: Connection, scope: Scope, group_by: GroupBy) -> list[Group]:
    return [
        Group(key=key.value, market_type=Market(key.market) if key.market else None, **_fields(figures(tally)))
        for key, tally in await results.groups(connection, scope, group_by)
    ]


async def _courses(
    connection: Connection, scope: Scope, daily: Mapping[date, Tally]
) -> tuple[dict[date, Course], dict[date, int]]:
    """The courses of these days that are kept, and the number of trades of those that have to be read anew."""
    kept = await courses.kept(connection, scope)
    known = {day: kept[day] for day in daily if day in kept and kept[day].trades == daily[day].trades}
    return known, {day: tally.trades for day, tally in daily.items() if day not in known}


async def _recovery(connection: Connection, scope: Scope, by_day: Mapping[date, Course], fall: Fall) -> datetime | None:
    """When the curve was back at the fall's peak: the days tell on which day, its trades when."""
    level = ZERO
    for day in sorted(by_day):
        curve = by_day[day].curve
        if day >= fall.trough.time.date() and curve.high is not None and level + curve.high.level >= fall.peak.level:
            trades = await courses.trades_of(connection, scope, day)
            found = recovered_at(fall, level, ((each.exit_time, each.id, each.profit_loss) for each in trades))
            if found is not None:
                return found
        level += curve.total
    return None


def _fields(struct: Figures | Returns) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)
