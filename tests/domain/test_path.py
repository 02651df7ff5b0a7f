"""Bars that contradict themselves are refused; paths and time are parted at minutes, and nothing falls between."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services.domain.errors import InvalidData
from services.domain.path import MINUTE, Bar, Path, ceil_minute, floor_minute, print_bar
from tests.domain.tapes import MS, START


def bar(text: str) -> Bar:
    """Open, high, low, close."""
    return Bar(START, START + MINUTE - MS, *map(Decimal, text.split()))


@pytest.mark.parametrize("text", ["2 3 1 2", "1 3 1 3", "3 3 1 1", "1 1 1 1"])
def test_a_bar_whose_prices_fit_is_itself(text):
    assert bar(text).checked() == bar(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("1 3 0 2", "impossible"),
        ("0 0 0 0", "impossible"),
        ("1 3 -1 2", "impossible"),
        ("1 NaN 1 1", "impossible"),
        ("1 Infinity 1 1", "impossible"),
        ("1 3 2 2", "inconsistent"),
        ("2 3 2 1", "inconsistent"),
        ("4 3 1 2", "inconsistent"),
        ("2 3 1 4", "inconsistent"),
        ("2 1 3 2", "inconsistent"),
    ],
)
def test_a_bar_whose_prices_cannot_be_is_refused(text, wrong):
    with pytest.raises(InvalidData, match=wrong):
        bar(text).checked()


@pytest.mark.parametrize(("seconds", "floor", "ceil"), [(0, 0, 0), (0.001, 0, 1), (59.999, 0, 1), (60, 1, 1)])
def test_a_boundary_is_its_own_minute(seconds, floor, ceil):
    time = START + timedelta(seconds=seconds)
    assert (floor_minute(time), ceil_minute(time)) == (START + floor * MINUTE, START + ceil * MINUTE)


def test_a_path_is_parted_at_a_boundary_the_mark_price_with_it():
    bars = tuple(print_bar(START + minute * MINUTE, Decimal(1)) for minute in range(3))
    for mark in (None, bars):
        whole = Path(7, START, START + 3 * MINUTE, bars, bars[0], mark=mark, mark_tail=bars[1])
        before, after = whole.until(START + MINUTE), whole.since(START + MINUTE)
        assert (before.start, before.end, after.start, after.end) == (START, START + MINUTE, START + MINUTE, whole.end)
        assert (before.bars, after.bars) == (bars[:1], bars[1:])
        assert (before.mark, after.mark) == ((None, None) if mark is None else (bars[:1], bars[1:]))
        assert (before.tail, after.mark_tail, before.is_withheld) == (bars[0], bars[1], False)
