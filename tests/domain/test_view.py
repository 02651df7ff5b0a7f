"""What is told of a trade at the edges: no gain is no profit, and funding is due on what is open alone."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from services.domain.fees import FillRole
from services.domain.fills import FillModel
from services.domain.funding import Funding
from services.domain.path import MINUTE
from services.domain.profit import exited
from services.domain.trade import DecidedBy, Evidence, Fill, Reason
from services.domain.view import trade_view
from tests.domain.tapes import START, make_trade

D = Decimal


def closed_at(price: Decimal):
    """A LONG without any fee that ended at this price."""
    trade = make_trade(1, None, 900, 1200, 0, FillModel.OPTIMISTIC)
    entry = msgspec.structs.replace(trade.entry, fee=D(0), price=D(100))
    trade = msgspec.structs.replace(trade, entry=entry, exits=())
    fill = Fill(START + MINUTE, price, FillRole.TAKER, D(0), Evidence(DecidedBy.BAR))
    return exited(trade, fill, Reason.MANUAL, trade.remaining)


@pytest.mark.parametrize(("price", "told"), [(D("100.1"), True), (D(100), False), (D("99.9"), False)])
def test_only_a_gain_is_profitable(price, told):
    view = trade_view(closed_at(price), START)
    assert (view.is_profitable, view.profit_loss > 0) == (told, told)


def test_funding_is_due_on_an_open_trade_alone():
    held = msgspec.structs.replace(
        make_trade(-1, None, 1100, 800, 0, FillModel.OPTIMISTIC), funding=Funding((), D("0.5"), None)
    )
    assert trade_view(held, START).funding_due == D("-0.5") * held.remaining
    for trade in (make_trade(1, 999, 900, 1200, 0, FillModel.OPTIMISTIC), closed_at(D(100))):
        assert trade_view(trade, START).funding_due == 0
    free = msgspec.structs.replace(held, funding=Funding((), D(0), None))
    assert trade_view(free, START).funding_due == 0


@pytest.mark.parametrize(
    ("seconds", "hours"), [(0.18, "0.0000"), (0.54, "0.0002"), (5400, "1.5000"), (86_400.18, "24.0000")]
)
def test_hours_held_are_rounded_half_to_even(seconds, hours):
    trade = make_trade(1, None, 900, 1200, 0, FillModel.OPTIMISTIC)
    fill = Fill(trade.entry.time + timedelta(seconds=seconds), D(100), FillRole.TAKER, D(0), Evidence(DecidedBy.BAR))
    view = trade_view(exited(trade, fill, Reason.MANUAL, trade.remaining), START)
    assert str(view.duration_hours) == hours
