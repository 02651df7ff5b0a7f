"""Sharpe, Sortino, CAGR and Calmar by hand."""

from datetime import date, timedelta
from decimal import Decimal

from services.domain.metrics.returns import Returns, cagr, daily_returns, returns, sharpe, sortino
from services.domain.metrics.worth import Worth

D = Decimal
FIRST = date(2026, 7, 1)


def by_day(*profits: str) -> dict[date, Decimal]:
    return {FIRST + timedelta(days=number): D(profit) for number, profit in enumerate(profits) if profit}


def on(capital: str, *profits: str) -> tuple[Worth, dict[date, Decimal]]:
    return Worth(D(capital), profits=by_day(*profits)), by_day(*profits)


def test_a_day_earns_on_what_it_began_with():
    assert daily_returns(*on("1000", "10", "", "-10.1")) == [D("0.01"), D(0), D("-0.01")]
    assert daily_returns(*on("10", "-10", "5")) is None
    profits = by_day("10", "", "-1")
    moved = Worth(D(1000), {FIRST: D(1000), FIRST + timedelta(days=2): D(-2000)}, profits)
    assert daily_returns(moved, profits) == [D("0.005"), D(0), D("-0.1")], "on 2000, and on the 10 that were left"


def test_sharpe_by_hand():
    # Mean 0.01, deviations 0.01, 0 and -0.01: variance 0.0002 / 2; 0.01 / 0.01 x sqrt(365) = 19.1050.
    assert sharpe([D("0.02"), D("0.01"), D(0)]) == D("19.1050")
    assert sharpe([D("0.01")]) is None
    assert sharpe([D("0.01"), D("0.01")]) is None
    third = D(1) / 3
    assert sharpe([third, third, third]) is None, "whatever is rounded of their mean"
    assert sharpe([third, third, third + D("1e-28")]) is None


def test_sortino_by_hand():
    # Mean 0.005; downside sqrt(0.01^2 / 4) = 0.005; 1 x sqrt(365) = 19.1050.
    assert sortino([D("0.02"), D("-0.01"), D("0.01"), D(0)]) == D("19.1050")
    assert sortino([D("0.02"), D(0)]) is None
    assert sortino([D("-0.01")]) is None, "a day is no year"


def test_cagr_by_hand():
    assert cagr([D("0.21"), *[D(0)] * 729]) == D("10.00")  # 1.21 over two years: 1.1 a year
    assert cagr([D("0.1"), *[D(0)] * 364]) == D("10.00")
    assert cagr([D("0.1"), D(-1), *[D(0)] * 363]) == -100
    assert cagr([D("-1.001"), *[D(0)] * 364]) is None
    assert cagr([D("0.1")] * 6) is None
    assert cagr([D(10) ** 9] * 7) is None  # no number for people


def test_all_of_them():
    profits = by_day("100") | {FIRST + timedelta(days=364): D("100")}
    found = returns(Worth(D(1000), profits=profits), profits, D("5"))
    assert (found.cagr, found.calmar_ratio) == (D("20.00"), D("4.0000"))  # 1000 to 1200 in 365 days; 20 / 5
    assert found.sharpe_ratio is not None
    assert found.sortino_ratio is None
    assert returns(Worth(D(1000)), {}, None) == Returns()
    assert returns(Worth(D(1000), profits=profits), profits, D(0)).calmar_ratio is None
    ruined = returns(*on("10", "-10", "5"), D(100))
    assert (ruined.sharpe_ratio, ruined.sortino_ratio) == (None, None)
