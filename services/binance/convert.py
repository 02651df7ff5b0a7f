"""From wire to domain, in one place: impossible prices end here."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.binance.wire import AggTrade, Book, Kline, Price, Symbol
from services.domain.errors import InvalidData
from services.domain.market import Filters, Listing, Market, Quote
from services.domain.money import parse_amount
from services.domain.path import Bar, print_bar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_time(ms: int) -> datetime:
    """Milliseconds since the epoch as an aware UTC datetime, exactly."""
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError as error:
        raise InvalidData(f"impossible time {ms}") from error


def to_ms(time: datetime) -> int:
    """An aware datetime as milliseconds since the epoch, floored."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def to_bar(kline: Kline) -> Bar:
    """A candle as a bar. Raises InvalidData for impossible or contradicting prices."""
    return Bar(
        to_time(kline.open_time), to_time(kline.close_time), kline.open, kline.high, kline.low, kline.close
    ).checked()


def to_print(trade: AggTrade) -> Bar:
    """An aggregate trade as a bar without extent. Raises InvalidData."""
    return print_bar(to_time(trade.T), trade.p).checked()


def to_quotes(prices: Iterable[Price], books: Iterable[Book], asked_at: datetime) -> dict[str, Quote]:
    """Quotes of every symbol with a sound last price, bid and ask; the others are left out."""
    known = {book.symbol: book for book in books if _is_price(book.bidPrice) and _is_price(book.askPrice)}
    return {
        price.symbol: Quote(known[price.symbol].bidPrice, known[price.symbol].askPrice, price.price, asked_at)
        for price in prices
        if price.symbol in known and _is_price(price.price)
    }


def _is_price(value: Decimal) -> bool:
    return value.is_finite() and value > 0


def is_followed(market: Market, symbol: Symbol) -> bool:
    """Spot: quoted in USDT, spot trading allowed, TRADING. Futures: PERPETUAL, quoted in USDT, TRADING."""
    if symbol.quoteAsset != "USDT" or symbol.status != "TRADING":
        return False
    if market is Market.SPOT:
        return symbol.isSpotTradingAllowed is not False
    return symbol.contractType == "PERPETUAL"


def to_listing(market: Market, symbol: Symbol) -> Listing:
    """A listed symbol with its grid. Raises InvalidData for a filter that is not a number."""
    filters = {str(each.get("filterType")): each for each in symbol.filters}
    lot = filters.get("LOT_SIZE", {})
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    least = notional.get("minNotional", notional.get("notional", "0"))
    return Listing(
        market=market,
        symbol=symbol.symbol,
        base_asset=symbol.baseAsset,
        filters=Filters(
            tick_size=_amount(filters.get("PRICE_FILTER", {}).get("tickSize", "0")),
            step_size=_amount(lot.get("stepSize", "0")),
            min_quantity=_amount(lot.get("minQty", "0")),
            min_notional=_amount(least),
        ),
    )


def _amount(text: object) -> Decimal:
    return parse_amount(str(text)).normalize() + 0
