"""A gap into a stop that is younger than its minute: what stood before the first print meets it there."""

from datetime import timedelta

import msgspec
import pytest

from services.domain.gap import opens_beyond, stood
from services.domain.judge import Need
from services.domain.path import Finer, Resolution, print_bar
from tests.domain.tapes import START
from tests.domain.test_walk import GONE, D, after, bar, long, short


@pytest.mark.parametrize(("second", "price"), [(1, "98.5"), (3, "99.0")])
def test_a_stop_that_stood_before_the_minutes_first_price_meets_it_as_a_gap(second, price):
    """The stop came some seconds into the minute; whether the first price, beyond it, was traded later, prints tell."""
    trade = msgspec.structs.replace(long(), active_from=START + timedelta(seconds=second))
    prints = tuple(print_bar(START + timedelta(seconds=at), D(told)) for at, told in ((2, "98.5"), (4, "98.7")))
    minute = "98.5 98.7 98.5 98.7"
    lost = after(trade, minute, finer=Finer(Resolution.PRINTS, prints)).trade
    assert (lost.status, lost.exit.price, lost.ambiguous) == ("CLOSED_SL", D(price), False)
    assert after(trade, minute).need == Need(START)
    assumed = after(trade, minute, finer=GONE).trade
    assert (assumed.status, assumed.exit.price, assumed.ambiguous) == ("CLOSED_SL", D("98.5"), True)


@pytest.mark.parametrize(
    ("trade", "opened", "falling", "beyond"),
    [
        *((long(), each, True, each == "98.5") for each in ("98.5", "99", "99.5")),
        *((short(), each, False, each == "101.5") for each in ("101.5", "101", "100.5")),
        (long(), "98.5", False, False),
        (short(), "101.5", True, False),
        (long(limit=1000), "98.5", True, False),
    ],
)
def test_an_open_trades_stop_is_behind_the_open_of_a_fall_or_of_a_shorts_rise(trade, opened, falling, beyond):
    assert opens_beyond(trade, bar(f"{opened} 103 97 100"), falling=falling) is beyond


def test_what_came_within_the_minute_may_have_stood_at_its_first_price_until_the_touched_bar_is_over():
    minute, second = bar("100 101 98 99"), timedelta(seconds=1)
    assert stood(START, minute, minute, minute) is True
    assert stood(START + second, minute, minute, minute) is None
    assert stood(minute.close_time, minute, minute, minute) is None
    assert stood(minute.close_time + second / 1000, minute, minute, minute) is False
    first, later = (print_bar(START + number * second, D(100)) for number in (2, 5))
    assert stood(START + 2 * second, minute, first, later) is True
    assert stood(START + 3 * second, minute, first, later) is False, "prints tell: it came after the first"
    unlike = print_bar(START + 2 * second, D("100.1"))
    assert stood(START + second, minute, unlike, later) is None, "the first print that is known is not the minute's"
