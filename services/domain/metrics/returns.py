"""Returns by day, and the ratios that follow from them.

Days are UTC days. A day's return is its realized profit divided by the equity it began with: the capital and all
profit before it. Days without a closed trade count with a return of 0: these markets have no holidays, so a year has
365 of them. The risk-free rate is 0.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from services.domain.metrics.rounding import PERCENT_STEP, RATIO_STEP, ratio
from services.domain.money import ZERO

YEAR_DAYS = 365
ANNUALISED_DAYS_MIN = 7
"""A growth over fewer days than these says nothing about a year: it is not annualised."""

_ROOT = Decimal(YEAR_DAYS).sqrt()


class Returns(msgspec.Struct, frozen=True, kw_only=True):
    """Ratios over daily returns; null where undefined.

    sharpe_ratio   = mean / sample standard deviation x sqrt(365); null under two days or without deviation
                     (Sharpe, The Sharpe Ratio, Journal of Portfolio Management 21 (1), 1994)
    sortino_ratio  = mean / sqrt(mean of min(0, return)^2 over all days) x sqrt(365); null under two days or
                     without a losing one (Sortino and Price, Performance Measurement in a Downside Risk
                     Framework, 1994)
    cagr           = 100 x ((final / capital)^(365 / days) - 1), in percent; null under 7 days, or without capital
    calmar_ratio   = cagr / maximum drawdown in percent; null without a drawdown (Young, Futures 20 (1), 1991)
    """

    sharpe_ratio: Decimal | None = None
    sortino_ratio: Decimal | None = None
    cagr: Decimal | None = None
    calmar_ratio: Decimal | None = None


def returns(capital: Decimal, profits: Mapping[date, Decimal], drawdown_percent: Decimal | None) -> Returns:
    """The ratios of daily `profits` in USDT on `capital`, from the first day with one to the last."""
    if not profits:
        return Returns()
    daily = daily_returns(capital, profits)
    days = (max(profits) - min(profits)).days + 1
    growth = cagr(capital, sum(profits.values(), ZERO), days)
    return Returns(
        sharpe_ratio=None if daily is None else sharpe(daily),
        sortino_ratio=None if daily is None else sortino(daily),
        cagr=growth,
        calmar_ratio=ratio(growth, drawdown_percent),
    )


def daily_returns(capital: Decimal, profits: Mapping[date, Decimal]) -> list[Decimal] | None:
    """The return of each day from the first to the last; None once a day began without equity."""
    day, last, equity, found = min(profits), max(profits), capital, []
    while day <= last:
        if equity <= 0:
            return None
        profit = profits.get(day, ZERO)
        found.append(profit / equity)
        equity += profit
        day += timedelta(days=1)
    return found


def sharpe(daily: list[Decimal]) -> Decimal | None:
    """The annual Sharpe ratio of daily returns."""
    if len(daily) < 2:
        return None
    mean = _mean(daily)
    variance = sum(((each - mean) ** 2 for each in daily), ZERO) / (len(daily) - 1)
    return None if variance == 0 else (mean / variance.sqrt() * _ROOT).quantize(RATIO_STEP)


def sortino(daily: list[Decimal]) -> Decimal | None:
    """The annual Sortino ratio of daily returns, with a target of 0."""
    if len(daily) < 2:
        return None
    downside = _mean([min(each, ZERO) ** 2 for each in daily])
    return None if downside == 0 else (_mean(daily) / downside.sqrt() * _ROOT).quantize(RATIO_STEP)


def cagr(capital: Decimal, profit: Decimal, days: int) -> Decimal | None:
    """The compound annual growth rate in percent; a capital that is all lost has one of -100."""
    final = capital + profit
    if capital <= 0 or final < 0 or days < ANNUALISED_DAYS_MIN:
        return None
    grown = (final / capital) ** (Decimal(YEAR_DAYS) / days)
    return (100 * (grown - 1)).quantize(PERCENT_STEP) if grown < Decimal("1e15") else None


def _mean(values: Iterable[Decimal]) -> Decimal:
    known = list(values)
    return sum(known, ZERO) / len(known)
