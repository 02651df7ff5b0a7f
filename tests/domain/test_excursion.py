"""MAE, MFE and R by hand; that any schedule gives the same, tests/evaluation proves."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from services.domain.excursion import excursion, held, in_r, initial_risk
from services.domain.fees import DEFAULT_FEES, FillRole
from services.domain.fills import NO_SLIPPAGE, FillModel
from services.domain.market import UNFILTERED, Instrument, InstrumentStatus, Market, Quote
from services.domain.opening import Order, enter_at_quote
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.profit import exited
from services.domain.trade import DecidedBy, Evidence, Excursion, Fill, Label, Reason, Trade
from services.domain.view import trade_view

D = Decimal
AT = datetime(2026, 7, 1, 12, 0, 30, tzinfo=UTC)


def opened(direction: Direction = Direction.LONG, size: int = 100) -> Trade:
    """100 USDT at 100, so a quantity of 1, with 5 USDT at risk."""
    sign = direction.sign
    plan = Plan(
        direction=direction,
        entry_type=EntryType.MARKET,
        limit_price=None,
        stop_loss=D(100 - 5 * sign),
        targets=(Target(D(100 + 20 * sign)),),
        position_size=D(size),
        leverage=1,
    )
    instrument = Instrument(1, Market.FUTURES, "BTCUSDT", "BTC", InstrumentStatus.TRADING, UNFILTERED)
    fees = DEFAULT_FEES[Market.FUTURES]
    order = Order(1, 1, instrument, plan, Label(AT), AT, fees, FillModel.OPTIMISTIC, NO_SLIPPAGE)
    return enter_at_quote(order, Quote(D(100), D(100), D(100), AT))


def closed(trade: Trade, price: str, after: timedelta, quantity: str = "1") -> Trade:
    fill = Fill(AT + after, D(price), FillRole.TAKER, D("0.1"), Evidence(DecidedBy.BAR))
    return exited(trade, fill, Reason.MANUAL, D(quantity))


@pytest.mark.parametrize(
    ("direction", "mae", "mfe"),
    [(Direction.LONG, -4, 9), (Direction.SHORT, -9, 4)],  # the lowest price was 96, the highest 109
)
def test_by_hand(direction: Direction, mae: int, mfe: int):
    trade = closed(opened(direction), "102", timedelta(minutes=5))
    assert excursion(trade, D(96), D(109)) == Excursion(D(mae), D(mfe))
    trade = closed(opened(direction, 400), "102", timedelta(minutes=5), "4")
    assert excursion(trade, D(96), D(109)) == Excursion(D(4 * mae), D(4 * mfe))


def test_fills_count_where_no_bar_tells():
    trade = closed(opened(), "102", timedelta(minutes=5))
    assert excursion(trade, None, None) == Excursion(D(0), D(2))
    assert excursion(closed(opened(), "97", timedelta(0)), None, None) == Excursion(D(-3), D(0))
    twice = closed(closed(opened(), "110", timedelta(minutes=1), "0.4"), "98", timedelta(minutes=9), "0.6")
    assert excursion(twice, D(99), D(101)) == Excursion(D(-2), D(10))


def test_only_whole_minutes_between_entry_and_exit_count():
    span = held(closed(opened(), "102", timedelta(minutes=5)))
    assert (span.begin, span.end) == (AT.replace(minute=1, second=0), AT.replace(minute=5, second=0))
    span = held(closed(opened(), "102", timedelta(seconds=10)))
    assert span.end < span.begin


def test_units_of_risk_by_hand():
    trade = closed(opened(), "102", timedelta(minutes=5))
    assert initial_risk(trade) == 5
    assert in_r(D(-4), initial_risk(trade)) == D("-0.8")
    assert in_r(None, initial_risk(trade)) is None
    view = trade_view(msgspec.structs.replace(trade, excursion=Excursion(D(-4), D(9))), AT)
    assert (view.mae, view.mfe, view.mae_r, view.mfe_r) == (-4, 9, D("-0.8"), D("1.8"))
    assert view.profit_loss == D("1.85")  # 2 - 0.05 - 0.1
    assert view.r_multiple == D("0.37")
    live = trade_view(opened(), AT)
    assert (live.mae, live.mfe_r, live.r_multiple) == (None, None, None)


def test_units_of_risk_are_of_all_that_was_entered():
    trade = opened(Direction.SHORT, 400)
    assert initial_risk(closed(trade, "102", timedelta(minutes=5), "3")) == initial_risk(trade) == 20
    resting = msgspec.structs.replace(trade, entry=None)
    assert initial_risk(resting) is None
    assert in_r(D(5), None) is None


def test_nothing_at_risk_is_no_multiple():
    trade = opened()
    no_risk = msgspec.structs.replace(trade, plan=msgspec.structs.replace(trade.plan, stop_loss=D(100)))
    assert in_r(D(5), initial_risk(no_risk)) is None
