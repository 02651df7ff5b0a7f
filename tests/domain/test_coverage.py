"""What an answer proves: bars with a successor, and minutes that lie long enough back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.domain.coverage import LAG_MAX, proven
from services.domain.path import MINUTE, Bar, Path

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def bar(minute: int) -> Bar:
    one = Decimal(1)
    opened = START + minute * MINUTE
    return Bar(opened, opened + MINUTE - timedelta(milliseconds=1), one, one, one, one)


def path(end: int, *minutes: int, tail: bool = False, mark: bool = False) -> Path:
    bars = tuple(map(bar, minutes))
    return Path(7, START, START + end * MINUTE, bars, bar(end) if tail else None, mark=bars if mark else None)


def test_a_later_bar_proves_everything_before_it():
    whole = path(3, 0, 1, 2, tail=True)
    assert proven(whole, START + 3 * MINUTE, START + 3 * MINUTE) == whole


def test_a_silent_minute_proves_as_much_as_a_traded_one():
    assert proven(path(3, 0), START + 3 * MINUTE, START + 3 * MINUTE) == path(3, 0)
    assert proven(path(3, 0), START + 2 * MINUTE, START + 3 * MINUTE) == path(2, 0)


def test_the_last_bar_of_an_answer_without_a_later_one_may_not_be_final():
    assert proven(path(3, 0, 1, 2), START + 2 * MINUTE, START + 3 * MINUTE) == path(2, 0, 1)
    assert proven(path(3, 0, 1, 2, mark=True), START + 2 * MINUTE, START + 3 * MINUTE) == path(2, 0, 1, mark=True)


def test_a_node_that_lags_proves_only_what_it_has_gone_beyond():
    assert proven(path(20, 0), START, START + 16 * MINUTE) == path(1, 0)
    assert proven(path(10, 0), START, START + 10 * MINUTE) == path(0)


def test_silence_is_believed_once_it_lies_back():
    assert proven(path(22), None, START + 22 * MINUTE) == path(7)
    assert proven(path(9, 0, 1), START + MINUTE, START + 9 * MINUTE + LAG_MAX) == path(9, 0, 1)
