"""From the exchange's words to ours: the one place where text becomes Decimal and milliseconds become time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog

from services.binance import wire
from services.domain.candles import Candle, Timeframe
from services.domain.errors import InvalidData
from services.domain.funding import Settlement
from services.domain.market import Filters, Halt, Listing, Market, Quote
from services.domain.money import ZERO, parse_amount, parse_price
from services.domain.path import MINUTE, Bar, floor_minute, print_bar

QUOTE_ASSET = "USDT"
SETTLED = frozenset({"SETTLING", "DELIVERED", "CLOSE"})
"""What a contract is called once it was taken off; real ones stay SETTLING for years."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
PRICE_MIN, PRICE_MAX = Decimal("1e-15"), Decimal("1e12")
"""No coin's price in USDT lies beyond: 1 and 300 zeros is finite and positive, and still a slip of the sender."""

_PLAIN_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?").fullmatch  # Decimal takes "1_0", " 1" and "\u0661" too

log = structlog.get_logger(__name__)


def price(text: str) -> Decimal:
    """The price that `text` spells. Raises InvalidData for what cannot be one."""
    if not _PLAIN_NUMBER(text):
        raise InvalidData(f"not a price: {text[:40]!r}")
    value = parse_price(text)
    if not PRICE_MIN <= value <= PRICE_MAX:
        raise InvalidData(f"not a price: {text[:40]!r}")
    return value


def from_ms(milliseconds: int) -> datetime:
    """Epoch milliseconds as a time. Raises InvalidData beyond the calendar."""
    try:
        return EPOCH + milliseconds * MILLISECOND
    except OverflowError as error:
        raise InvalidData(f"not a time: {milliseconds}") from error


def to_ms(time: datetime) -> int:
    """Epoch milliseconds of a time."""
    return (time - EPOCH) // MILLISECOND


def next_funding(rows: Iterable[wire.PremiumIndex]) -> dict[str, datetime | None]:
    """When the funding of each contract is settled next; None where it never is. Raises InvalidData."""
    return {row.symbol: from_ms(row.nextFundingTime) if row.nextFundingTime else None for row in rows}


def bars(rows: Iterable[wire.Kline], length: timedelta, start: datetime, end: datetime) -> list[Bar]:
    """The bars of klines `length` long that open in [start, end).

    Raises InvalidData when a price is impossible, or the rows are not ascending, aligned and inside.
    """
    found: list[Bar] = []
    earliest = start
    for row in rows:
        opened = from_ms(row.openTime)
        if not earliest <= opened < end or (opened - start) % length or from_ms(row.closeTime) >= opened + length:
            raise InvalidData(f"a kline out of place: {opened.isoformat()}")
        earliest = opened + length
        closed = earliest - MILLISECOND
        found.append(Bar(opened, closed, price(row.open), price(row.high), price(row.low), price(row.close)).checked())
    return found


def candles(rows: Sequence[wire.Kline], timeframe: Timeframe, start: datetime, end: datetime) -> list[Candle]:
    """The candles of klines that open in [start, end), untraded ones too. Raises InvalidData as `bars` does."""
    checked = bars(rows, timeframe.length, start, end)
    return [
        Candle(bar.open_time, bar.open, bar.high, bar.low, bar.close, _volume(row.volume))
        for row, bar in zip(rows, checked, strict=True)
    ]


def prints(rows: Iterable[wire.AggregateTrade], start: datetime, end: datetime) -> list[Bar]:
    """The prints of [start, end), rows beyond it left out. Raises InvalidData when they are not ascending."""
    found: list[Bar] = []
    last_id, last_time = -1, EPOCH
    for row in rows:
        time = from_ms(row.T)
        if row.a <= last_id or time < last_time:
            raise InvalidData(f"a trade out of order: {row.a}")
        last_id, last_time = row.a, time
        if start <= time < end:
            found.append(print_bar(time, price(row.p)))
    return found


def _volume(text: str) -> Decimal:
    """A traded quantity. Raises InvalidData for what cannot be one."""
    if not _PLAIN_NUMBER(text):
        raise InvalidData(f"not a volume: {text[:40]!r}")
    return parse_amount(text)


def settlements(rows: Iterable[wire.FundingRate]) -> dict[str, list[Settlement]]:
    """Settled funding by contract, ascending. Rows without a mark price, of old times, are left out.

    Raises InvalidData for numbers that cannot be.
    """
    found: dict[str, list[Settlement]] = {}
    for row in sorted(rows, key=lambda row: row.fundingTime):
        if row.markPrice:
            # Stamped some milliseconds after the minute they are for.
            time = floor_minute(from_ms(row.fundingTime) + MINUTE / 2)
            found.setdefault(row.symbol, []).append(Settlement(time, price(row.markPrice) * _rate(row.fundingRate)))
    return found


def funding_rates(rows: Iterable[wire.FundingRate]) -> list[tuple[datetime, Decimal]]:
    """Times and rates of one contract's settlements, ascending. Raises InvalidData for numbers that cannot be."""
    return sorted((from_ms(row.fundingTime), _rate(row.fundingRate)) for row in rows)


def _rate(text: str) -> Decimal:
    """A funding rate: a small number of either sign."""
    digits = text.removeprefix("-")
    if not _PLAIN_NUMBER(digits) or (rate := Decimal(digits)) >= 1:
        raise InvalidData(f"not a funding rate: {text[:40]!r}")
    return -rate if digits != text else rate


def quotes(last: Sequence[wire.PriceTicker], book: Sequence[wire.BookTicker], asked_at: datetime) -> dict[str, Quote]:
    """Quotes by symbol, of USDT pairs that have all three prices; zero, crossed and impossible ones are left out."""
    prices = {row.symbol: row.price for row in last}
    found: dict[str, Quote] = {}
    for row in book:
        text = prices.get(row.symbol)
        if text is None or not row.symbol.endswith(QUOTE_ASSET):
            continue
        try:
            quote = Quote(price(row.bidPrice), price(row.askPrice), price(text), asked_at)
        except InvalidData:
            continue  # a pair that does not trade quotes zeros; it simply has no price now
        if quote.bid <= quote.ask:
            found[row.symbol] = quote
    return found


def listings(market: Market, info: wire.ExchangeInfo) -> list[Listing]:
    """The pairs of this market that can be traded against USDT. One with an impossible grid is left out and told."""
    found = []
    for row in info.symbols:
        if not _is_traded(market, row):
            continue
        try:
            found.append(Listing(market, row.symbol, row.baseAsset, _filters(row)))
        except InvalidData as error:
            log.warning("listing_left_out", market=market, symbol=row.symbol, reason=str(error))
    return found


def halts(market: Market, info: wire.ExchangeInfo) -> list[Halt]:
    """The pairs against USDT that are out of trade for good, or may be: spot ones in BREAK, contracts that settled.

    A contract that waits for its first trade, or is between states, is neither.
    """
    found = []
    for row in info.symbols:
        if row.quoteAsset != QUOTE_ASSET:
            continue
        if market is Market.SPOT and row.status == "BREAK":
            found.append(Halt(row.symbol))
        elif market is Market.FUTURES and row.status in SETTLED and row.deliveryDate > 0:
            found.append(Halt(row.symbol, from_ms(row.deliveryDate)))
    return found


def _is_traded(market: Market, row: wire.Symbol) -> bool:
    if row.status != "TRADING" or row.quoteAsset != QUOTE_ASSET:
        return False
    return row.isSpotTradingAllowed if market is Market.SPOT else row.contractType == "PERPETUAL"


def _filters(row: wire.Symbol) -> Filters:
    by_type = {each.filterType: each for each in row.filters}
    return Filters(
        tick_size=_amount(by_type, "PRICE_FILTER", "tickSize"),
        step_size=_amount(by_type, "LOT_SIZE", "stepSize"),
        min_quantity=_amount(by_type, "LOT_SIZE", "minQty"),
        min_notional=_min_notional(by_type),
    )


def _amount(filters: Mapping[str, wire.Filter], filter_type: str, field: str) -> Decimal:
    text = getattr(filters.get(filter_type), field, None)
    if text is None:
        raise InvalidData(f"no {field} in {filter_type}")
    return _plain(text)


def _min_notional(filters: Mapping[str, wire.Filter]) -> Decimal:
    """Spot says NOTIONAL.minNotional (MIN_NOTIONAL.minNotional in older data), futures MIN_NOTIONAL.notional."""
    for filter_type in ("NOTIONAL", "MIN_NOTIONAL"):
        if (found := filters.get(filter_type)) is not None:
            text = found.minNotional or found.notional
            return ZERO if text is None else _plain(text)
    return ZERO


def _plain(text: str) -> Decimal:
    """The amount without trailing zeros: prices rounded to a tick of "0.01000000" would all carry eight places."""
    return parse_amount(text).normalize() + ZERO
