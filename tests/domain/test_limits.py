"""What an account's own limits refuse, and with which figures; what just reaches them passes."""

from decimal import Decimal

import pytest

from services.domain.errors import Conflict
from services.domain.fills import FillModel
from services.domain.limits import Limits, Usage, check_owner, check_usage
from tests.domain.tapes import make_trade

D = Decimal


def test_the_notional_of_all_trades_one_way_is_bounded():
    trade = make_trade(1, None, 900, 1200, 0, FillModel.OPTIMISTIC)
    notional = trade.entry.price * trade.quantity
    check_usage(Limits(max_symbol_exposure=D(50) + notional), Usage(1, D(50)), trade)
    with pytest.raises(Conflict) as refused:
        check_usage(Limits(max_symbol_exposure=D(50) + notional), Usage(1, D("50.01")), trade)
    assert (refused.value.code, refused.value.field) == ("exposure_above_limit", "max_symbol_exposure")
    told = {name: D(number) for name, number in refused.value.numbers.items()}
    assert told == {"exposure": D("50.01"), "new": notional, "max_symbol_exposure": D(50) + notional}


def test_a_resting_trade_counts_at_its_limit():
    trade = make_trade(1, 999, 900, 1200, 0, FillModel.OPTIMISTIC)
    notional = trade.plan.limit_price * trade.quantity
    check_usage(Limits(max_symbol_exposure=notional), Usage(0, D(0)), trade)
    with pytest.raises(Conflict):
        check_usage(Limits(max_symbol_exposure=notional - 1), Usage(0, D(0)), trade)


def test_live_trades_are_counted_up_to_the_limit():
    trade = make_trade(1, None, 900, 1200, 0, FillModel.OPTIMISTIC)
    check_usage(Limits(max_open_trades=3), Usage(2, D(0)), trade)
    with pytest.raises(Conflict) as refused:
        check_usage(Limits(max_open_trades=3), Usage(3, D(0)), trade)
    assert (refused.value.code, refused.value.numbers["open_trades"]) == ("too_many_trades", "3")
    check_owner(9, 10)
    with pytest.raises(Conflict):
        check_owner(10, 10)
