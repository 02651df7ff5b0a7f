"""Confidence intervals against published figures, and what they must do whatever the numbers are."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.metrics.confidence import _T, student, wilson


@pytest.mark.parametrize(
    ("wins", "trades", "low", "high"),
    [(81, 263, "25.53", "36.62"), (15, 148, "6.24", "16.05"), (0, 20, "0.00", "16.11"), (1, 29, "0.61", "17.18")],
)
def test_wilsons_intervals_as_newcombe_published_them(wins, trades, low, high):
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    found = wilson(wins, trades)
    assert (found.low, found.high) == (Decimal(low), Decimal(high))


def test_students_interval_of_a_small_sample():
    """Mean 8, s = 2, n = 9: 8 +- 2.306 x 2 / 3."""
    values = [Decimal(8) + d for d in map(Decimal, ("-2", "2", "-2", "2", "-2", "2", "-2", "2", "0"))]
    found = student(sum(values), sum(value * value for value in values), 9)
    assert (found.low.quantize(Decimal("0.001")), found.high.quantize(Decimal("0.001"))) == (
        Decimal("6.463"),
        Decimal("9.537"),
    )
    assert student(Decimal(8), Decimal(64), 1) is None
    assert wilson(0, 0) is None


@given(st.integers(1, 100_000), st.data())
def test_a_win_rate_lies_in_its_interval_and_the_interval_in_what_can_be(trades, data):
    wins = data.draw(st.integers(0, trades))
    found = wilson(wins, trades)
    assert 0 <= found.low <= (Decimal(100) * wins / trades).quantize(Decimal("0.01")) <= found.high <= 100


@given(st.lists(st.decimals(-10_000, 10_000, places=2), min_size=2, max_size=200))
def test_a_mean_lies_in_its_interval(values):
    found = student(sum(values), sum(value * value for value in values), len(values))
    mean = (sum(values) / len(values)).quantize(Decimal("1e-8"))
    assert found.low <= mean <= found.high


def test_the_quantiles_of_students_t_are_those_of_its_density():
    """Each, to the three digits that are kept: 2.5 % of the distribution lies beyond it."""
    assert set(range(1, 11)) <= set(_T)
    for freedom, quantile in _T.items():
        assert len(quantile.partition(".")[2]) == 3
        low, high = (_beyond(float(quantile) + step, freedom) for step in (0.0006, -0.0006))
        assert low < 0.025 < high, freedom


def _beyond(limit: float, freedom: int) -> float:
    """The part of Student's t beyond `limit`: with t = sqrt(n) tan(a) the density is that of cos(a) ** (n - 1)."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    angle = math.atan(limit / math.sqrt(freedom))
    steps = 2000
    width = (math.pi / 2 - angle) / steps
    weights = (1 if number in (0, steps) else 4 if number % 2 else 2 for number in range(steps + 1))
    heights = (max(math.cos(angle + number * width), 0.0) ** (freedom - 1) for number in range(steps + 1))
    return scale * width / 3 * sum(weight * height for weight, height in zip(weights, heights, strict=True))
