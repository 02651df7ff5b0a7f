"""Prices, quotes and statistics of one or all instruments."""

from collections.abc import Callable

from deploy.simulator import errors, parameters
from deploy.simulator.instruments import Instrument
from deploy.simulator.request import Request
from deploy.simulator.synthetic import DAY, HOUR, MINUTE, SECOND
from services.domain.market import Market

SPOT_STATUSES = ("TRADING", "HALT", "BREAK")
_MOST_ROLLING = 100
_ZERO = "0.00000000"
Writer = Callable[[Request, Instrument], str]


def price(request: Request) -> bytes:
    """ticker/price."""
    return _answer(request, _price_row)


def book(request: Request) -> bytes:
    """ticker/bookTicker."""
    return _answer(request, _book_row)


def day(request: Request) -> bytes:
    """ticker/24hr: the last 24 hours, from a whole minute."""
    start = request.now // MINUTE * MINUTE - DAY + MINUTE
    full = _is_full(request)
    return _answer(request, lambda r, i: _statistics_row(r, i, start, full=full, quotes=True))


def rolling(request: Request) -> bytes:
    """ticker with a window of one's own (spot)."""
    size = request.parameters.get("windowSize", "1d")
    units, most = {"m": (MINUTE, 59), "h": (HOUR, 23), "d": (DAY, 7)}.get(size[-1:], (0, 0))
    if not size[:-1].isdecimal() or not 1 <= int(size[:-1]) <= most:
        raise errors.bad_value("windowSize")
    start = request.now // MINUTE * MINUTE - int(size[:-1]) * units + MINUTE
    return _named_only(request, start)


def trading_day(request: Request) -> bytes:
    """ticker/tradingDay: since midnight in the client's time zone (spot)."""
    shift = parameters.zone(request.parameters)
    return _named_only(request, request.now - (request.now + shift) % DAY)


def _named_only(request: Request, start: int) -> bytes:
    names = parameters.symbols(request.parameters)
    if names is None and not request.parameters.get("symbol"):
        raise errors.missing("symbol")
    if names is not None and not 1 <= len(names) <= _MOST_ROLLING:
        raise errors.bad_value("symbols")
    full = _is_full(request)
    return _answer(request, lambda r, i: _statistics_row(r, i, start, full=full, quotes=False))


def spot_weight(query: parameters.Parameters) -> int:
    """price and bookTicker."""
    return 2 if "symbol" in query else 4


def spot_day_weight(query: parameters.Parameters) -> int:
    """24hr: by the number of symbols."""
    if "symbol" in query:
        return 2
    count = query["symbols"].count(",") + 1 if "symbols" in query else 101
    return 2 if count <= 20 else 40 if count <= 100 else 80


def rolling_weight(query: parameters.Parameters) -> int:
    """4 a symbol, at most 200."""
    return min(200, 4 * (query.get("symbols", "").count(",") + 1))


def _answer(request: Request, writer: Writer) -> bytes:
    """The row of `symbol` as an object, or rows as an array. Futures know no `symbols`.

    A pair whose recording has not begun yet has no price and no row among many.
    """
    query = request.parameters
    if request.market is Market.FUTURES:
        if "symbol" in query:
            return writer(request, request.instrument()).encode()
        listed = request.exchange.listed(Market.FUTURES)
        rows = [writer(request, i) for i in listed if i.is_trading and _has_begun(request, i)]
        return f"[{','.join(rows)}]".encode()
    names, status = parameters.symbols(query), query.get("symbolStatus")
    if status is not None and status not in SPOT_STATUSES:
        raise errors.bad_status()
    if "symbol" in query:
        instrument = request.instrument()
        if status not in (None, instrument.status):
            raise errors.status_mismatch()
        return writer(request, instrument).encode()
    everything = request.exchange.listed(Market.SPOT)
    chosen = everything if names is None else [request.named(name) for name in names]
    rows = [writer(request, item) for item in chosen if status in (None, item.status) and _has_begun(request, item)]
    return f"[{','.join(rows)}]".encode()


def _has_begun(request: Request, item: Instrument) -> bool:
    return item.tape.source.begin <= request.now


def _price_row(request: Request, item: Instrument) -> str:
    text = item.price_text(item.tape.last(request.now))
    if request.market is Market.SPOT:
        return f'{{"symbol":"{item.symbol}","price":"{text}"}}'
    return f'{{"symbol":"{item.symbol}","price":"{text}","time":{request.now // SECOND * SECOND}}}'


def _book_row(request: Request, item: Instrument) -> str:
    if request.market is Market.SPOT and not item.is_trading:
        return (
            f'{{"symbol":"{item.symbol}","bidPrice":"{_ZERO}","bidQty":"{_ZERO}",'
            f'"askPrice":"{_ZERO}","askQty":"{_ZERO}"}}'
        )
    quotes = _quotes(request, item)
    if request.market is Market.SPOT:
        return f'{{"symbol":"{item.symbol}",{quotes}}}'
    second = request.now // SECOND
    return f'{{"symbol":"{item.symbol}",{quotes},"time":{second * SECOND},"lastUpdateId":{second * 1000}}}'


def _quotes(request: Request, item: Instrument) -> str:
    bid, _, ask = item.quote(request.now)
    size = item.noise ^ request.now // SECOND * 7919
    bids, asks = item.lots_text(1 + size % 9973), item.lots_text(1 + size % 9967)
    return (
        f'"bidPrice":"{item.price_text(bid)}","bidQty":"{bids}","askPrice":"{item.price_text(ask)}","askQty":"{asks}"'
    )


def _is_full(request: Request) -> bool:
    kind = request.parameters.get("type", "FULL") if request.market is Market.SPOT else "FULL"
    if kind not in ("FULL", "MINI"):
        raise errors.bad_ticker_type()
    return kind == "FULL"


def _statistics_row(request: Request, item: Instrument, start: int, *, full: bool, quotes: bool) -> str:
    """Statistics of [start, now]. `quotes`: the form with last quantity, previous close and best bid and ask."""
    tape, text, end = item.tape, item.price_text, request.now + 1
    last = tape.last(request.now)
    open_, high, low, _ = tape.extent(start, end) or (last, last, last, last)
    count, quantity = tape.volume(start, end)
    mean = (open_ + high + low + last) // 4
    head = tail = ""
    if full:
        change = last - open_
        sign = "-" if change < 0 else ""
        head = (
            f'"priceChange":"{sign}{text(abs(change))}","priceChangePercent":"{change / open_ * 100:.3f}",'
            f'"weightedAvgPrice":"{text(mean)}",'
        )
    if quotes and full:
        tail = f'"lastQty":"{item.lots_text(1 + item.noise % 97)}",'
        if request.market is Market.SPOT:
            zero = f'"bidPrice":"{_ZERO}","bidQty":"{_ZERO}","askPrice":"{_ZERO}","askQty":"{_ZERO}"'
            shown = _quotes(request, item) if item.is_trading else zero
            tail += f'"prevClosePrice":"{text(open_)}",{shown},'
    first = tape.first_id(start)
    return (
        f'{{"symbol":"{item.symbol}",{head}"lastPrice":"{text(last)}",{tail}"openPrice":"{text(open_)}",'
        f'"highPrice":"{text(high)}","lowPrice":"{text(low)}","volume":"{item.quantity_text(quantity)}",'
        f'"quoteVolume":"{item.notional_text(mean, quantity)}","openTime":{request.stamp(start)},'
        f'"closeTime":{request.stamp(request.now)},"firstId":{first},"lastId":{first + count - 1},"count":{count}}}'
    )
