"""Drawdown of sampled equity, return and benchmark, by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from services.domain.metrics.drawdown import Drawdown
from services.domain.metrics.equity_curve import Sample, equity_drawdown, equity_return, held_bitcoin

D = Decimal
START = datetime(2026, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def samples(*rows: tuple[int, int, int, int, int | None]) -> list[Sample]:
    """(equity, lowest and highest profit, deposits, bitcoin) of one hour after another."""
    return [
        Sample(
            time=START + number * HOUR,
            equity=D(equity),
            profit_low=D(low),
            profit_high=D(high),
            balance=D(equity),
            deposits=D(deposits),
            positions=1,
            bitcoin=None if bitcoin is None else D(bitcoin),
        )
        for number, (equity, low, high, deposits, bitcoin) in enumerate(rows)
    ]


BY_HAND = samples(
    (1000, 0, 0, 1000, None),
    (1100, 0, 200, 1000, 50_000),
    (1050, -100, 60, 1000, 40_000),  # from the profit of 200 an hour ago down to -100
    (1350, 100, 200, 1300, None),  # 300 were deposited
    (1500, 100, 250, 1300, 60_000),
)


def test_drawdown_by_hand():
    assert equity_drawdown(BY_HAND) == Drawdown(
        amount=D(300), percent=D(25), start=START + HOUR, end=START + 2 * HOUR, recovery=START + 3 * HOUR
    )
    assert equity_drawdown(BY_HAND[:3]).recovery is None
    assert equity_drawdown(BY_HAND[:2]) == Drawdown(amount=D(0), percent=D(0))
    assert equity_drawdown([]) is None


def test_a_deposit_is_no_profit():
    assert equity_return(BY_HAND) == D("16.67")  # 1.1 x 1050 / 1100 x 1 x 1500 / 1350
    assert equity_return([]) is None
    assert equity_return(samples((0, 0, 0, 0, None))) is None


def test_after_money_is_taken_figures_are_of_what_is_left():
    taken = samples(
        (1000, 0, 0, 1000, None),
        (100, 5000, 5000, -4900, None),  # 5000 were won, then 5900 taken
        (90, 4990, 5000, -4900, None),
    )
    assert equity_return(taken) == 440  # 6 x 0.9
    fallen = equity_drawdown(taken)
    assert fallen is not None
    assert (fallen.amount, fallen.percent) == (10, 10)


def test_holding_bitcoin_by_hand():
    # 1100 at 50,000 are 0.022 bitcoin.
    assert held_bitcoin(BY_HAND) == [None, D(1100), D(880), None, D(1320)]
    assert held_bitcoin(BY_HAND[:1]) == [None]


def test_a_return_is_of_an_equity_above_nothing():
    first, last = samples((1, 0, 0, 0, None), (3, 2, 2, 0, None))
    cents = msgspec.structs.replace(first, equity=D("0.5"), balance=D("0.5"))
    assert equity_return([cents, last]) == D("500.00")
    for equity in (D(0), D(-1)):
        assert equity_return([msgspec.structs.replace(first, equity=equity), last]) is None
