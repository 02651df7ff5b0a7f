"""Returns by day, and the ratios that follow from them.

Days are UTC days. A day's return is its realized profit divided by the equity it began with. Days without a closed
trade count with a return of 0: these markets have no holidays, so a year has 365 of them. The risk-free rate is 0.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from math import prod

import msgspec

from services.domain.metrics.rounding import GROWN_MAX, PERCENT_STEP, RATIO_STEP, ratio
from services.domain.metrics.worth import Worth
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
    cagr           = 100 x (product of all (1 + return)^(365 / days) - 1), in percent: the growth of money that was
                     there from the first day on, whatever else came and went; null under 7 days (Bacon, Practical
                     Portfolio Performance Measurement and Attribution, 2008, ch. 2)
    calmar_ratio   = cagr / maximum drawdown in percent; null without a drawdown (Young, Futures 20 (1), 1991)
    """

    sharpe_ratio: Decimal | None = None
    sortino_ratio: Decimal | None = None
    cagr: Decimal | None = None
    calmar_ratio: Decimal | None = None


def returns(worth: Worth, profits: Mapping[date, Decimal], drawdown_percent: Decimal | None) -> Returns:
    """The ratios of daily `profits` in USDT on what there was, from the first day with one to the last."""
    daily = daily_returns(worth, profits) if profits else None
    if daily is None:
        return Returns()
    growth = cagr(daily)
    return Returns(
        sharpe_ratio=sharpe(daily),
        sortino_ratio=sortino(daily),
        cagr=growth,
        calmar_ratio=ratio(growth, drawdown_percent),
    )


def daily_returns(worth: Worth, profits: Mapping[date, Decimal]) -> list[Decimal] | None:
    """The return of each day from the first to the last; None once a day with trades began without equity."""
    first = min(profits)
    found = [ZERO] * ((max(profits) - first).days + 1)
    for day, profit in profits.items():
        equity = worth.at(day)
        if equity <= 0:
            return None
        found[(day - first).days] = profit / equity
    return found


def sharpe(daily: list[Decimal]) -> Decimal | None:
    """The annual Sharpe ratio of daily returns."""
    if len(daily) < 2 or min(daily) == max(daily):
        return None
    mean = _mean(daily)
    return _annual(mean, sum(((each - mean) ** 2 for each in daily), ZERO) / (len(daily) - 1))


def sortino(daily: list[Decimal]) -> Decimal | None:
    """The annual Sortino ratio of daily returns, with a target of 0."""
    if len(daily) < 2:
        return None
    return _annual(_mean(daily), _mean([min(each, ZERO) ** 2 for each in daily]))


def cagr(daily: list[Decimal]) -> Decimal | None:
    """The compound annual growth rate in percent; where once all was lost it is -100."""
    if len(daily) < ANNUALISED_DAYS_MIN or min(daily) < -1:
        return None
    grown = prod((1 + each for each in daily), start=Decimal(1)) ** (Decimal(YEAR_DAYS) / len(daily))
    return (100 * (grown - 1)).quantize(PERCENT_STEP) if grown < GROWN_MAX else None


def _annual(mean: Decimal, variance: Decimal) -> Decimal | None:
    if variance == 0:
        return None
    found = mean / variance.sqrt() * _ROOT
    return found.quantize(RATIO_STEP) if abs(found) < GROWN_MAX else None


def _mean(values: Iterable[Decimal]) -> Decimal:
    known = list(values)
    return sum(known, ZERO) / len(known)
