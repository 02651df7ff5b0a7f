"""Finer data is of its minute when it begins, ends and reaches as the minute does; one of them amiss and it is not."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from services.domain.finer import begins, is_whole
from services.domain.path import MINUTE, Bar, Finer, Resolution, print_bar
from tests.domain.tapes import START

D = Decimal
MINUTE_BAR = Bar(START, START + MINUTE - timedelta(milliseconds=1), D(100), D(103), D(98), D(101))
TOLD = Finer(
    Resolution.PRINTS,
    tuple(print_bar(START + timedelta(seconds=at), D(price)) for at, price in enumerate((100, 103, 98, 101))),
)


def test_what_begins_ends_and_reaches_as_the_minute_is_all_of_it():
    assert is_whole(TOLD, MINUTE_BAR)
    assert not is_whole(Finer(Resolution.PRINTS, ()), MINUTE_BAR)


@pytest.mark.parametrize(
    "other", [{"open": D(99)}, {"high": D(104)}, {"low": D(97)}, {"close": D(102)}, {"high": D(103), "low": D("97.9")}]
)
def test_what_differs_in_one_of_them_is_not_whole(other):
    assert not is_whole(TOLD, msgspec.structs.replace(MINUTE_BAR, **other))


def test_a_minute_in_progress_may_reach_further_and_must_begin_alike():
    assert begins(TOLD, msgspec.structs.replace(MINUTE_BAR, high=D(102), close=D(102)))
    assert not begins(TOLD, msgspec.structs.replace(MINUTE_BAR, open=D(99)))
    assert not begins(Finer(Resolution.PRINTS, ()), MINUTE_BAR)
