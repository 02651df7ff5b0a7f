"""Every figure that follows from sums, by hand; and sums that add up."""

from datetime import timedelta
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.domain.metrics.figures import Figures, figures
from services.domain.metrics.tally import Closed, Tally, tally
from tests.domain.metrics.trades import START, closed, parted

D = Decimal


def sum_of(trades: list[Closed]) -> Tally:
    return sum(map(tally, trades), Tally())


def trade(number: int, profit: str, **more: object) -> Closed:
    return Closed(
        id=number, entry_time=START, exit_time=START + number * timedelta(hours=1), profit_loss=D(profit), **more
    )


BY_HAND = [
    trade(1, "30", fees=D(1), margin=D(100), r_multiple=D("1.5"), mae=D(-4), mfe=D(40)),
    trade(2, "-10", fees=D(2), margin=D(100), r_multiple=D("-1"), mae=D(-12), mfe=D(2), ambiguous=True),
    trade(3, "-20", fees=D(3), margin=D(200), funding=D("-0.5")),
    trade(4, "60", fees=D(4), margin=D(100), r_multiple=D("2.5")),
    trade(5, "0", margin=D(100)),
]


def test_by_hand():
    found = figures(sum_of(BY_HAND))
    assert found == Figures(
        total_trades=5,
        winning_trades=2,
        losing_trades=2,
        win_rate=D("40.00"),  # 100 x 2 / 5
        total_profit_loss=D(60),  # 30 - 10 - 20 + 60
        gross_profit=D(90),
        gross_loss=D(30),
        profit_factor=D("3.0000"),  # 90 / 30
        average_win=D(45),  # 90 / 2
        average_loss=D(-15),  # -30 / 2
        payoff_ratio=D("3.0000"),  # 45 / 15
        largest_win=D(60),
        largest_loss=D(-20),
        expectancy=D(12),  # 60 / 5
        expectancy_ratio=D("0.8000"),  # 12 / 15
        average_duration_hours=D("3.0000"),  # (1 + 2 + 3 + 4 + 5) / 5
        total_fees=D(10),
        total_funding=D("-0.5"),
        return_on_margin=D("10.00"),  # 100 x 60 / 600
        average_r_multiple=D("1.0000"),  # (1.5 - 1 + 2.5) / 3
        total_r_multiple=D("3.0"),
        excursion_trades=2,
        average_mae=D(-8),  # (-4 - 12) / 2
        average_mfe=D(21),  # (40 + 2) / 2
        ambiguous_trades=1,
        ambiguous_share=D("20.00"),
    )


def test_nothing_is_made_up_without_trades():
    found = msgspec.structs.asdict(figures(Tally()))
    zero = {name for name, value in found.items() if value is not None}
    assert zero == {
        "total_trades", "winning_trades", "losing_trades", "total_profit_loss", "gross_profit", "gross_loss",
        "total_fees", "total_funding", "excursion_trades", "ambiguous_trades",
    }  # fmt: skip
    assert not any(found[name] for name in zero)


def test_ratios_to_losses_are_undefined_without_losses():
    found = figures(sum_of(BY_HAND[:1]))
    assert found.win_rate == 100
    assert (found.profit_factor, found.payoff_ratio, found.expectancy_ratio) == (None, None, None)
    assert (found.average_loss, found.largest_loss) == (None, None)
    found = figures(sum_of(BY_HAND[1:2]))
    assert (found.profit_factor, found.payoff_ratio, found.expectancy_ratio) == (0, None, -1)
    assert found.average_win is None


@given(closed(), st.lists(st.integers(0, 30), max_size=4))
def test_sums_add_up_however_the_trades_are_parted(trades, cuts):
    whole = sum_of(trades)
    assert sum((sum_of(part) for part in parted(trades, cuts)), Tally()) == whole
    assert whole.trades == len(trades)
    assert whole.net == whole.gross_profit - whole.gross_loss == sum(each.profit_loss for each in trades)
    assert whole.largest_win == max((each.profit_loss for each in trades if each.profit_loss > 0), default=None)
    assert whole.largest_loss == min((each.profit_loss for each in trades if each.profit_loss < 0), default=None)
    assert whole.seconds == sum(D((each.exit_time - each.entry_time).total_seconds()) for each in trades)
    assert whole.mae == sum(each.mae or 0 for each in trades)
