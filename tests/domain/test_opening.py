"""Accepting a plan: grids, validation, size and the first state, by numbers worked out by hand."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import msgspec
import pytest

from services.domain.errors import Conflict, InvalidInput
from services.domain.fees import DEFAULT_FEES, FillRole
from services.domain.fills import NO_SLIPPAGE, FillModel, Slippage
from services.domain.market import UNFILTERED, Filters, Instrument, InstrumentStatus, Market, Quote
from services.domain.opening import Order, enter_at_open, enter_at_quote, is_marketable, rest, size
from services.domain.path import MINUTE, Bar
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.planning import check_plan, on_grid
from services.domain.trade import CLOSED, DecidedBy, Label, TradeStatus
from tests.domain.tapes import START, make_trade

D = Decimal
GRID = Filters(D("0.1"), D("0.001"), D("0.001"), D(5))


def instrument(market=Market.FUTURES, status=InstrumentStatus.TRADING, filters=GRID) -> Instrument:
    return Instrument(1, market, "BTCUSDT", "BTC", status, filters)


def plan(direction="LONG", limit=None, stop="95", target="110", amount="100", leverage=1) -> Plan:
    return Plan(
        direction=Direction(direction),
        entry_type=EntryType.LIMIT if limit else EntryType.MARKET,
        limit_price=D(limit) if limit else None,
        stop_loss=D(stop),
        targets=(Target(D(target)),),
        position_size=D(amount),
        leverage=leverage,
    )


def order(plan: Plan, model=FillModel.OPTIMISTIC, slippage=NO_SLIPPAGE, market=Market.FUTURES) -> Order:
    return Order(7, 1, instrument(market), plan, Label(START), START, DEFAULT_FEES[market], model, slippage)


def quote(bid: str, ask: str) -> Quote:
    return Quote(D(bid), D(ask), D(ask), START)


def test_prices_go_to_the_grid_away_from_the_traders_favour():
    long = on_grid(plan("LONG", "100.07", "95.07", "110.01"), GRID)
    assert (long.limit_price, long.stop_loss, long.targets[0].price) == (D("100.0"), D("95.0"), D("110.1"))
    short = on_grid(plan("SHORT", "100.01", "105.01", "90.09"), GRID)
    assert (short.limit_price, short.stop_loss, short.targets[0].price) == (D("100.1"), D("105.1"), D("90.0"))
    free = plan("LONG", "100.0707", "95.07", "110.01")
    assert on_grid(free, UNFILTERED) == free


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        (plan(limit="100", stop="100"), "stop_misplaced", "stop_loss"),
        (plan(limit="100", stop="101"), "stop_misplaced", "stop_loss"),
        (plan(limit="100", target="100"), "target_misplaced", "take_profit"),
        (plan("SHORT", "100", "100", "90"), "stop_misplaced", "stop_loss"),
        (plan("SHORT", "100", "99", "90"), "stop_misplaced", "stop_loss"),
        (plan("SHORT", "100", "105", "100"), "target_misplaced", "take_profit"),
        (plan("SHORT", "100", "105", "0"), "target_misplaced", "take_profit"),
        (plan(limit="100", stop="0"), "stop_misplaced", "stop_loss"),
        (plan(limit="100", stop="-1"), "stop_misplaced", "stop_loss"),
        (plan(leverage=0), "leverage_out_of_range", "leverage"),
        (plan(leverage=151), "leverage_out_of_range", "leverage"),
        (plan(amount="0"), "size_not_positive", "position_size"),
        (plan(amount="-5"), "size_not_positive", "position_size"),
        (msgspec.structs.replace(plan(), entry_type=EntryType.LIMIT), "entry_price_mismatch", "entry_price"),
        (
            msgspec.structs.replace(plan(limit="100"), entry_type=EntryType.MARKET),
            "entry_price_mismatch",
            "entry_price",
        ),
    ],
)
def test_a_wrong_plan_is_refused_by_its_field(wrong, code, field):
    with pytest.raises(InvalidInput) as refused:
        check_plan(wrong, instrument())
    assert (refused.value.code, refused.value.field) == (code, field)


def test_spot_is_long_without_leverage():
    check_plan(plan(), instrument(Market.SPOT))
    with pytest.raises(InvalidInput, match="LONG only"):
        check_plan(plan("SHORT", stop="105", target="90"), instrument(Market.SPOT))
    with pytest.raises(InvalidInput, match="must be 1 on SPOT"):
        check_plan(plan(leverage=2), instrument(Market.SPOT))
    check_plan(plan(leverage=150), instrument())


@pytest.mark.parametrize("status", [InstrumentStatus.SUSPENDED, InstrumentStatus.DELISTED])
def test_what_does_not_trade_takes_no_trade(status):
    with pytest.raises(Conflict):
        check_plan(plan(), instrument(status=status))


def test_size_is_margin_times_leverage_down_to_the_step():
    assert size(plan(amount="100", leverage=3), D("64000"), GRID) == D("0.004")  # 0.0046875
    assert size(plan(amount="100", leverage=5), D("100.1"), GRID) == D("4.995")
    assert size(plan(amount="1", leverage=1), D("3"), UNFILTERED) == D(1) / D(3)
    assert size(plan(amount="0.001", leverage=1), D(10), UNFILTERED) == D("0.0001")


def test_too_small_is_refused_with_the_numbers():
    with pytest.raises(InvalidInput, match="minimum is 5") as refused:
        size(plan(amount="4.99"), D("100"), GRID)
    assert refused.value.code == "below_minimum"
    assert D(refused.value.numbers["notional"]) == D("4.9")
    assert size(plan(amount="5"), D("100"), GRID) == D("0.05")  # exactly the minimum is enough
    with pytest.raises(InvalidInput):
        size(plan(amount="60"), D("64000"), GRID)  # nothing left of it on the step
    with pytest.raises(InvalidInput):
        size(plan(amount="60"), D("100"), Filters(D("0.1"), D("0.1"), D("0.7"), D(0)))


def test_a_market_entry_pays_the_ask_and_slips():
    slippage = Slippage(D("0.0003"), D("0.004"))
    trade = enter_at_quote(order(plan(leverage=5), FillModel.REALISTIC, slippage), quote("99.9", "100"))
    assert trade.status is TradeStatus.OPEN
    assert trade.entry.price == D("100.1")  # 100 x 1.0004, up to the tick
    assert trade.quantity == D("4.995")
    assert trade.entry.fee == D("0.24999975")
    assert trade.entry.role is FillRole.TAKER
    assert trade.reserved == D("99.99990000")
    short = enter_at_quote(order(plan("SHORT", stop="105", target="90")), quote("99.9", "100"))
    assert short.entry.price == D("99.9")


def test_a_market_entry_must_still_fit_where_it_fills():
    check_plan(plan(stop="95", target="110"), instrument())
    for price in ("94", "95", "110", "120"):
        with pytest.raises(InvalidInput):
            enter_at_quote(order(plan()), quote(price, price))
    for price in ("105", "120", "90", "80"):
        with pytest.raises(InvalidInput):
            enter_at_quote(order(plan("SHORT", stop="105", target="90")), quote(price, price))


def test_a_limit_rests_or_fills_at_once():
    long, short = plan(limit="100"), plan("SHORT", "100", "105", "90")
    assert not is_marketable(long, quote("100", "100.1"))
    assert is_marketable(long, quote("99.9", "100"))
    assert not is_marketable(short, quote("99.9", "100"))
    assert is_marketable(short, quote("100", "100.1"))
    assert is_marketable(plan(), quote("1", "2"))
    resting = rest(order(plan(limit="100", leverage=5)))
    assert resting.status is TradeStatus.PENDING
    assert resting.entry is None
    assert resting.quantity == D("5.000")
    assert resting.reserved == D("100.1")  # margin 100, maker fee of 500 x 0.02 %
    better = enter_at_quote(
        order(plan(limit="100"), FillModel.HARSH, Slippage(D("0.01"), D("0.01"))), quote("98", "98.5")
    )
    assert better.entry.price == D("98.5")  # as taker, and a limit does not slip
    assert better.entry.role is FillRole.TAKER


def test_an_entry_at_the_open_slips_by_half_the_spread_too():
    bar = Bar(START, START + MINUTE - timedelta(milliseconds=1), D(100), D(101), D(99), D(100))
    trade = enter_at_open(order(plan(), FillModel.REALISTIC, Slippage(D("0.001"), D("0.02"))), bar)
    assert trade.entry.price == D("100.3")
    assert trade.entry.time == START
    assert trade.entry.evidence.decided_by is DecidedBy.OPEN
    assert (
        enter_at_open(order(plan(limit="101"), FillModel.REALISTIC, Slippage(D("0.1"), D("0.1"))), bar).entry.price
        == 100
    )


_KNOWN = {
    (TradeStatus.PENDING, TradeStatus.OPEN),
    (TradeStatus.PENDING, TradeStatus.CANCELLED),
    *((TradeStatus.OPEN, closed) for closed in CLOSED),
    *((closed, TradeStatus.VOIDED) for closed in CLOSED),
}


@pytest.mark.parametrize(("before", "after"), list(product(TradeStatus, TradeStatus)))
def test_no_other_move_exists(before, after):
    trade = msgspec.structs.replace(make_trade(1, 999, 990, 1010, 0, FillModel.OPTIMISTIC), status=before)
    if (before, after) in _KNOWN:
        assert trade.moved_to(after).status is after
    else:
        with pytest.raises(AssertionError, match="no transition"):
            trade.moved_to(after)


def test_pending_and_open_are_live_and_nothing_else():
    assert {status for status in TradeStatus if status.is_live} == {TradeStatus.PENDING, TradeStatus.OPEN}
