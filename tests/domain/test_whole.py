"""Finer data that does not reach the bar's extremes misses something: it never cancels what the bar proves."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.domain.fees import DEFAULT_FEES
from services.domain.fills import NO_SLIPPAGE, FillModel
from services.domain.finer import begins
from services.domain.judge import Need
from services.domain.market import UNFILTERED, Instrument, InstrumentStatus, Market
from services.domain.opening import Order, enter_at_open
from services.domain.path import MINUTE, Bar, Finer, Path, Resolution, print_bar
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.trade import Label, Trade, TradeStatus
from services.domain.walk import walk

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
BOTH_TOUCHED = Bar(START, START + MINUTE - timedelta(milliseconds=1), *map(Decimal, ("100", "111", "94", "100")))
PATH = Path(1, START, START + MINUTE, (BOTH_TOUCHED,))


def trade() -> Trade:
    plan = Plan(
        direction=Direction.LONG,
        entry_type=EntryType.MARKET,
        limit_price=None,
        stop_loss=Decimal(95),
        targets=(Target(Decimal(110)),),
        position_size=Decimal(100),
        leverage=1,
    )
    instrument = Instrument(1, Market.FUTURES, "BTCUSDT", "BTC", InstrumentStatus.TRADING, UNFILTERED)
    order = Order(
        trade_id=1,
        account_id=1,
        instrument=instrument,
        plan=plan,
        label=Label(START),
        at=START,
        fees=DEFAULT_FEES[Market.FUTURES],
        fill_model=FillModel.OPTIMISTIC,
        slippage=NO_SLIPPAGE,
    )
    return enter_at_open(order, BOTH_TOUCHED)


def prints(*prices: str, gone: bool = False) -> dict[datetime, Finer]:
    bars = tuple(print_bar(START + timedelta(seconds=number), Decimal(price)) for number, price in enumerate(prices))
    return {START: Finer(Resolution.PRINTS, bars, gone=gone)}


def test_prints_that_end_early_are_waited_for():
    walked = walk(trade(), PATH, since=START, finer=prints("100", "101", "99"))
    assert walked.need == Need(START, Resolution.PRINTS)
    assert walked.trade.held_from == START


def test_when_they_are_all_there_will_ever_be_the_adverse_order_is_taken():
    walked = walk(trade(), PATH, since=START, finer=prints("100", "101", "111", gone=True))
    assert (walked.trade.status, walked.trade.ambiguous) == (TradeStatus.CLOSED_SL, True)


def test_whole_prints_decide():
    walked = walk(trade(), PATH, since=START, finer=prints("100", "111", "94", "100"))
    assert (walked.trade.status, walked.trade.ambiguous) == (TradeStatus.CLOSED_TP, False)


def test_prints_of_a_minute_in_progress_begin_as_it_does_and_do_not_jump():
    def begin(*prices: str) -> bool:
        return begins(prints(*prices)[START], BOTH_TOUCHED)

    assert begin("100")
    assert begin("100", "101", "99")
    assert not begin()
    assert not begin("101", "100")
    assert not begin("100", "1000", "100")
    assert not begin("1000", "1000")
