"""A trade on a perpetual contract of an account, and minutes of its last and its mark price."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.binance.brackets import shipped
from services.domain.brackets import Bracket
from services.domain.command import Command
from services.domain.fees import DEFAULT_FEES
from services.domain.fills import NO_SLIPPAGE, FillModel
from services.domain.market import UNFILTERED, Instrument, InstrumentStatus, Market, Quote
from services.domain.opening import Order, enter_at_quote
from services.domain.path import MINUTE, Bar, Path
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.trade import Label, Trade
from services.domain.walk import Walked, walk

D = Decimal
START = datetime(2026, 7, 1, 7, 58, tzinfo=UTC)
BTC = shipped("BTCUSDT")
FLAT = (Bracket(D(0), D("1e9"), D("0.01"), D(0), 50),)
"""One bracket of 1 %: a LONG of 100 at 10 times is liquidated at 90 / 0.99 = 90.90909091."""


def bar(minute: int, open_: object, high: object, low: object, close: object) -> Bar:
    opened = START + minute * MINUTE
    return Bar(opened, opened + MINUTE - timedelta(milliseconds=1), *(D(str(x)) for x in (open_, high, low, close)))


def still(minute: int, price: object = 100) -> Bar:
    return bar(minute, price, price, price, price)


def order(
    direction: str = "LONG",
    *,
    limit: object = None,
    stop: object = 95,
    targets: tuple[object, ...] = (120,),
    leverage: int = 10,
    at: datetime = START,
) -> Order:
    share = D(1) / len(targets)
    plan = Plan(
        direction=Direction(direction),
        entry_type=EntryType.LIMIT if limit else EntryType.MARKET,
        limit_price=D(str(limit)) if limit else None,
        stop_loss=D(str(stop)),
        targets=tuple(Target(D(str(target)), share) for target in targets),
        position_size=D(100),
        leverage=leverage,
    )
    instrument = Instrument(1, Market.FUTURES, "XUSDT", "X", InstrumentStatus.TRADING, UNFILTERED)
    fees, label = DEFAULT_FEES[Market.FUTURES], Label(at, "test")
    return Order(1, 1, instrument, plan, label, at, fees, FillModel.OPTIMISTIC, NO_SLIPPAGE, FLAT)


def entered(*args: object, **changes: object) -> Trade:
    wish = order(*args, **changes)
    return enter_at_quote(wish, Quote(D(100), D(100), D(100), wish.at))


def walked(trade: Trade, last: list[Bar], mark: list[Bar], command: Command | None = None, **tails: Bar) -> Walked:
    end = max(each.open_time for each in (*last, *mark)) + MINUTE if last or mark else START
    return walk(trade, Path(1, START, end, tuple(last), mark=tuple(mark), **tails), since=START, command=command)
