"""How sure figures of few trades are: confidence intervals, exact in Decimal."""

from decimal import Decimal

import msgspec

from services.domain.metrics.rounding import MONEY_STEP, PERCENT_STEP

SAMPLE_MIN = 30
"""Fewer trades are a small sample: below it the normal approximation of a mean is not relied on (any textbook)."""
_Z = Decimal("1.959963985")
"""The 97.5 % quantile of the standard normal distribution."""
_T = {
    1: "12.706", 2: "4.303", 3: "3.182", 4: "2.776", 5: "2.571", 6: "2.447", 7: "2.365", 8: "2.306", 9: "2.262",
    10: "2.228", 12: "2.179", 15: "2.131", 20: "2.086", 25: "2.060", 30: "2.042", 40: "2.021", 60: "2.000",
    120: "1.980", 1000: "1.962",
}  # fmt: skip
"""The 97.5 % quantile of Student's t by degrees of freedom; between two, the wider interval is taken."""


class Interval(msgspec.Struct, frozen=True):
    """A 95 % confidence interval."""

    low: Decimal
    high: Decimal


def wilson(wins: int, trades: int) -> Interval | None:
    """The interval of a win rate in percent; None without a trade.

        (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if trades == 0:
        return None
    n, p, squared = Decimal(trades), Decimal(wins) / trades, _Z * _Z
    middle = p + squared / (2 * n)
    spread = _Z * (p * (1 - p) / n + squared / (4 * n * n)).sqrt()
    bounds = [100 * (middle + sign * spread) / (1 + squared / n) for sign in (-1, 1)]
    low, high = (min(max(bound, Decimal(0)), Decimal(100)).quantize(PERCENT_STEP) for bound in bounds)
    return Interval(low, high)


def student(total: Decimal, squares: Decimal, trades: int) -> Interval | None:
    """The interval of a mean, from the sum and the sum of squares of what it is the mean of; None below two.

        mean +- t(n - 1) s / sqrt(n)    s^2 = (sum of squares - n mean^2) / (n - 1)

    Student, The probable error of a mean, Biometrika 6 (1908). Profits have fat tails: take it for a hint.
    """
    if trades < 2:
        return None
    mean = total / trades
    variance = max(squares - trades * mean * mean, Decimal(0)) / (trades - 1)
    spread = _quantile(trades - 1) * (variance / trades).sqrt()
    return Interval((mean - spread).quantize(MONEY_STEP), (mean + spread).quantize(MONEY_STEP))


def _quantile(freedom: int) -> Decimal:
    return Decimal(_T[max(known for known in _T if known <= freedom)])
