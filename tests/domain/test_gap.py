"""A gap into a stop that is younger than its minute: what stood before the first print meets it there."""

from datetime import timedelta

import msgspec
import pytest

from services.domain.judge import Need
from services.domain.path import Finer, Resolution, print_bar
from tests.domain.tapes import START
from tests.domain.test_walk import GONE, D, after, long


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
