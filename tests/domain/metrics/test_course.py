"""Streaks, drawdown and exposure: by hand, against plain loops, and joined from stretches."""

from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from services.domain.metrics.course import EMPTY, Course, course, exposure_percent, joined
from services.domain.metrics.curve import curve
from services.domain.metrics.drawdown import Drawdown, deepest, drawdown, recovered_at
from services.domain.metrics.streaks import NO_STREAKS, Streaks, streaks
from services.domain.metrics.tally import Closed
from tests.domain.metrics.trades import HOUR, START, closed, parted, row

D = Decimal
CAPITAL = D(1000)


def profits(trades: list[Closed]):
    return [(trade.exit_time, trade.id, trade.profit_loss) for trade in trades]


def drawdown_of(trades: list[Closed], capital: Decimal = CAPITAL) -> Drawdown:
    whole = course(trades)
    fall = deepest(whole.curve, whole.first_entry)
    return drawdown(fall, capital, fall and recovered_at(fall, D(0), profits(trades)))


def test_streaks_by_hand():
    whole = course(row([1, 1, -1, 0, -1, -1, -1, 2, 2, 2, 2, 0]))
    assert (whole.wins.longest, whole.losses.longest) == (4, 3)
    assert course(row([1, 1, 0, 1])).wins.longest == 2  # a break-even ends a streak
    assert (EMPTY.wins.longest, EMPTY.losses.longest) == (0, 0)


def test_a_streak_may_span_stretches_from_end_to_end():
    first, second, third = (streaks(holds) for holds in ([False, True, True], [True, True], [True, False]))
    whole = first + second + third
    assert whole == Streaks(length=7, first=0, last=0, longest=5) == streaks([False] + [True] * 5 + [False])
    assert first + second == Streaks(length=5, first=0, last=4, longest=4)
    assert second + third == Streaks(length=4, first=3, last=0, longest=3)


def test_of_equal_peaks_troughs_and_falls_the_first_is_told():
    found = drawdown_of(row([100, -50, 50, -50]))
    assert (found.start, found.end, found.recovery) == (START + HOUR, START + 2 * HOUR, START + 3 * HOUR)
    again = drawdown_of(row([100, -50, 0]))
    assert (again.start, again.end) == (START + HOUR, START + 2 * HOUR)
    level = drawdown_of(row([100, 0, -50]))
    assert (level.start, level.end) == (START + HOUR, START + 3 * HOUR)


def test_drawdown_by_hand():
    # Levels 100, 40, 60, -20, 30, 110, 90: from 100 after the first hour down to -20 after the fourth, back after six.
    found = drawdown_of(row([100, -60, 20, -80, 50, 80, -20]))
    assert found == Drawdown(
        amount=D(120),
        percent=D("10.91"),  # 100 x 120 / (1000 + 100)
        start=START + HOUR,
        end=START + 4 * HOUR,
        recovery=START + 6 * HOUR,
    )


def test_the_capital_itself_can_be_the_peak_and_a_fall_need_not_end():
    found = drawdown_of(row([-30, 10, -20]))
    assert (found.amount, found.percent, found.start) == (40, 4, None)
    assert (found.end, found.recovery) == (START + 3 * HOUR, None)
    assert drawdown_of(row([5, 5])) == Drawdown(amount=D(0), percent=D(0))
    assert drawdown_of(row([-30]), D(0)).percent is None


def test_exposure_by_hand():
    first, second = row([1, 1])
    second = Closed(id=2, entry_time=START + 3 * HOUR, exit_time=START + 4 * HOUR, profit_loss=D(1))
    # Minutes 0 to 60 and 180 to 240 of those from 0 to 240, both ends counted: 122 of 241.
    assert exposure_percent(course([first, second])) == D("50.62")
    assert exposure_percent(course([first])) == 100
    assert exposure_percent(EMPTY) is None


@given(closed(), st.lists(st.integers(0, 30), max_size=5))
def test_stretches_join_into_the_whole(trades: list[Closed], cuts: list[int]):
    parts = [course(part) for part in parted(trades, cuts)]
    assert joined(parts) == course(trades)
    middle = len(parts) // 2
    assert joined([joined(parts[:middle]), joined(parts[middle:])]) == course(trades)


@given(closed())
def test_a_course_is_what_plain_loops_find(trades: list[Closed]):
    whole = course(trades)
    for streak, sign in ((whole.wins, 1), (whole.losses, -1)):
        signs = [trade.profit_loss * sign > 0 for trade in trades]
        runs = [len(list(run)) for holds, run in groupby(signs) if holds]
        assert streak.longest == max(runs, default=0)
    levels = [D(0)]
    for trade in trades:
        levels.append(levels[-1] + trade.profit_loss)
    falls = [levels[i] - levels[j] for i in range(len(levels)) for j in range(i, len(levels))]
    found = drawdown_of(trades)
    assert found.amount == max(falls, default=0)
    if found.amount:
        trough = next(j for j in range(len(levels)) if max(levels[: j + 1]) - levels[j] == found.amount)
        assert found.end == trades[trough - 1].exit_time
        peak = max(levels[: trough + 1])
        back = [trades[j - 1].exit_time for j in range(trough + 1, len(levels)) if levels[j] >= peak]
        assert found.recovery == (back[0] if back else None)
    minutes = {
        each
        for trade in trades
        for each in range(int(trade.entry_time.timestamp()) // 60, int(trade.exit_time.timestamp()) // 60 + 1)
    }
    assert {each for begin, end in whole.held for each in range(begin, end)} == minutes


def test_a_day_of_trades_stays_small():
    """However many trades a day has, its course keeps a range a gap at most."""
    busy: Course = course(row(["1", "-1"] * 2000, timedelta(seconds=30)))
    assert (busy.trades, len(busy.held)) == (4000, 1)


def test_a_fall_below_one_is_a_fall_across_stretches_too_and_none_is_none():
    falling, rising = (joined([course(row([first])), course(row([second]))]) for first, second in (("1", "-0.5"), "12"))
    assert falling.curve.fall is not None
    assert falling.curve.fall.amount == D("0.5")
    assert rising.curve.fall is None


def test_a_share_of_less_than_nothing_is_not_told():
    fall = deepest(course(row(["-0.25"])).curve, START)
    assert drawdown(fall, D("0.5")).percent == D("50.00")
    assert drawdown(fall, D(0)).percent is None
    assert drawdown(fall, D("-0.5")).percent is None


def test_nothing_before_a_streak_changes_nothing():
    assert streaks([]) == NO_STREAKS
    for holds in ([False], [True], [True, False, True]):
        assert NO_STREAKS + streaks(holds) == streaks(holds) == streaks(holds) + NO_STREAKS


def test_the_highest_and_the_lowest_point_are_the_first_of_equal_ones():
    down = curve(profits(row([-5, 1, -1, 7, -7, 0])))
    assert (down.low.id, down.low.level, down.high.id, down.high.level) == (1, D(-5), 4, D(2))
    up = curve(profits(row([5, -1, 1, 0])))
    assert (up.high.id, up.low.id) == (1, 2)
