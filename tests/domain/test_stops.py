"""A trailing stop of a coin that costs less than a dollar."""

from decimal import Decimal

import msgspec

from services.domain.barriers import next_level
from services.domain.fills import FillModel
from services.domain.market import Filters
from services.domain.plan import Rules, Trailing
from services.domain.stops import started, stepped
from services.domain.trade import Reason, Trail
from tests.domain.tapes import make_trade

D = Decimal


def test_it_trails_below_one_and_never_at_or_below_nothing():
    trade = make_trade(1, None, 1, 20, 0, FillModel.OPTIMISTIC, last=5)  # at 0.5, with a stop at 0.1
    grid = Filters(tick_size=D("0.0001"), step_size=D(1), min_quantity=D(1), min_notional=D(5))
    trade = msgspec.structs.replace(trade, instrument=msgspec.structs.replace(trade.instrument, filters=grid))

    def stop(distance: str):
        rules = Rules(trailing=Trailing(distance=D(distance)))
        trailed = started(msgspec.structs.replace(trade, plan=msgspec.structs.replace(trade.plan, rules=rules)))
        return trailed.stop.price, trailed.stop.reason

    assert stop("0.05") == (D("0.45"), Reason.TRAILING_STOP)
    assert stop("0.3999") == (D("0.1001"), Reason.TRAILING_STOP)
    assert stop("0.6") == (trade.stop.price, trade.stop.reason)


def test_the_next_level_is_told_as_long_as_it_is_a_price_and_each_step_is_a_state():
    held = make_trade(-1, None, 1100, 100, 0, FillModel.OPTIMISTIC)
    rules = Rules(trailing=Trailing(distance=D(1)))
    held = msgspec.structs.replace(held, plan=msgspec.structs.replace(held.plan, rules=rules))

    def level(at: str, step: str):
        return next_level(msgspec.structs.replace(held, trail=Trail(D(at), D(step))))

    assert level("2", "1.5") == D("0.5")
    assert level("2", "2") is None
    assert level("2", "3") is None
    following = stepped(msgspec.structs.replace(held, trail=Trail(D(50), D("0.5"))))
    assert (following.trail, following.version) == (Trail(D("49.5"), D("0.5")), held.version + 1)
