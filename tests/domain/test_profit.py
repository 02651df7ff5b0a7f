"""What a trade's exits come to, by hand: means, sums, and what closing now would bring."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from services.domain.fees import FillRole
from services.domain.fills import FillModel
from services.domain.funding import Funding, Settlement
from services.domain.path import MINUTE
from services.domain.plan import Direction
from services.domain.profit import average_exit_price, exited, fees, funding, unrealized_profit
from services.domain.trade import DecidedBy, Evidence, Fill, Reason, Trade
from tests.domain.tapes import START, make_trade

D = Decimal
OWED = Funding((Settlement(START, D("0.03")), Settlement(START + 2 * MINUTE, D("-0.01"))))


def entered(direction: Direction = Direction.LONG) -> Trade:
    """5 coins at 100 for 0.25 USDT of fee, with funding of 0.03 a coin at the entry and -0.01 two minutes later."""
    sign = direction.sign
    trade = make_trade(sign, None, 1000 - 200 * sign, 1000 + 200 * sign, 0, FillModel.OPTIMISTIC)
    return msgspec.structs.replace(trade, funding=OWED)


def left(trade: Trade, quantity: int, price: str, minute: int) -> Trade:
    fill = Fill(START + minute * MINUTE, D(price), FillRole.MAKER, D("0.1"), Evidence(DecidedBy.BAR))
    return exited(trade, fill, Reason.TAKE_PROFIT, D(quantity))


def test_exits_are_averaged_by_quantity_and_fees_and_funding_are_summed():
    trade = entered()
    assert (average_exit_price(trade), fees(trade), funding(trade)) == (None, D("0.25"), 0)
    trade = left(trade, 2, "110", 1)
    assert (average_exit_price(trade), fees(trade), funding(trade)) == (110, D("0.35"), D("0.15"))
    trade = left(trade, 3, "120", 3)
    assert (average_exit_price(trade), fees(trade), funding(trade)) == (116, D("0.45"), D("0.12"))
    assert [exit_.gross for exit_ in trade.exits] == [20, 60]
    assert trade.profit_loss == 80 - D("0.45") - D("0.12")


def test_a_trade_that_waits_for_its_entry_has_paid_nothing():
    resting = make_trade(1, 999, 990, 1020, 0, FillModel.OPTIMISTIC)
    assert (average_exit_price(resting), fees(resting), funding(resting)) == (None, None, None)
    assert unrealized_profit(resting, D(100), D(100)) is None


@pytest.mark.parametrize(
    ("direction", "move", "owed"),
    [(Direction.LONG, D(9), D("0.02")), (Direction.SHORT, D(-11), D("-0.02"))],
)
def test_what_closing_now_would_bring(direction, move, owed):
    trade = entered(direction)
    price = D(109) if direction is Direction.LONG else D(111)
    fee = 5 * price * D("0.0005")
    assert unrealized_profit(trade, D(109), D(111)) == 5 * (move - owed) - D("0.25") - fee
    part = left(trade, 2, "100", 3)
    assert unrealized_profit(part, D(109), D(111)) == 3 * move - D("0.15") - fee * 3 / 5
    assert unrealized_profit(left(part, 3, "100", 4), D(109), D(111)) is None


def test_a_settlement_counts_for_who_enters_at_its_instant_and_not_for_who_leaves():
    assert OWED.since(START).total == D("0.02")
    assert OWED.since(START + timedelta(milliseconds=1)).total == D("-0.01")
    assert OWED.owed(START) == 0
    assert OWED.owed(START + 2 * MINUTE) == D("0.03")
