"""Kline endpoints of both markets: which bars, and how they are written."""

from deploy.simulator import errors, parameters
from deploy.simulator.instruments import Instrument
from deploy.simulator.intervals import FUTURES_INTERVALS, SPOT_INTERVALS, Fixed, Interval
from deploy.simulator.parameters import Parameters
from deploy.simulator.request import Request
from deploy.simulator.segments import Ratio
from deploy.simulator.split import Ohlc
from deploy.simulator.synthetic import SECOND
from deploy.simulator.tape import Tape
from services.domain.market import Market

SPOT_MOST, FUTURES_MOST, DEFAULT_LIMIT = 1000, 1500, 500
PREMIUM_PLACES = 8


def klines(request: Request) -> bytes:
    """Last-price klines."""
    instrument = request.instrument()
    return _answer(request, instrument, instrument.tape, traded=True)


def mark_price_klines(request: Request) -> bytes:
    """Mark-price klines (futures)."""
    instrument = request.instrument()
    return _answer(request, instrument, instrument.mark or instrument.tape, traded=False)


def index_price_klines(request: Request) -> bytes:
    """Index-price klines (futures), named by `pair`."""
    name = request.parameters.get("pair")
    if not name:
        raise errors.missing("pair")
    instrument = request.named(name)
    return _answer(request, instrument, instrument.mark or instrument.tape, traded=False, ratio=index_ratio(instrument))


def continuous_klines(request: Request) -> bytes:
    """Klines of a pair's contract of one type (futures)."""
    for name in ("pair", "contractType"):
        if not request.parameters.get(name):
            raise errors.missing(name)
    for instrument in request.exchange.listed(Market.FUTURES):
        pair, _, _ = instrument.symbol.partition("_")
        if pair == request.parameters["pair"] and instrument.row.contract_type == request.parameters["contractType"]:
            return _answer(request, instrument, instrument.tape, traded=True)
    raise errors.bad_symbol()


def premium_index_klines(request: Request) -> bytes:
    """Premium-index klines (futures): the simulated premium of a contract never changes."""
    instrument = request.instrument()
    ratio = index_ratio(instrument)
    premium = f"{ratio.denominator / ratio.numerator - 1:.{PREMIUM_PLACES}f}"
    interval, begins = _begins(request, instrument.tape)
    rows = [
        f'[{begin},"{premium}","{premium}","{premium}","{premium}","0",{interval.step(begin, 1, 0) - 1},"0",'
        f'12,"0","0","0"]'
        for begin in begins
    ]
    return f"[{','.join(rows)}]".encode()


def futures_weight(query: Parameters) -> int:
    """By the limit asked for."""
    text = query.get("limit", "")
    limit = int(text) if text.isdecimal() else DEFAULT_LIMIT
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


def index_ratio(instrument: Instrument) -> Ratio:
    """Index price over mark price: a small constant of the instrument."""
    return Ratio(100_000 + instrument.noise % 81 - 40, 100_000)


def _answer(request: Request, instrument: Instrument, tape: Tape, *, traded: bool, ratio: Ratio | None = None) -> bytes:
    interval, begins = _begins(request, tape)
    shift = parameters.zone(request.parameters) if request.market is Market.SPOT else 0
    now = request.now + 1
    rows = []
    for begin in begins:
        after = interval.step(begin, 1, shift)
        bar = tape.bar(begin, min(after, now))
        if bar is None:
            continue
        if ratio is not None:
            bar = ratio.bar(bar) or bar
        close_time = after * 1000 - 1 if request.micro else after - 1
        times = (request.stamp(begin), close_time)
        if traded:
            rows.append(_traded_row(instrument, bar, times, tape.volume(begin, min(after, now))))
        else:
            rows.append(_untraded_row(instrument, bar, times, (min(after, now) - begin) // SECOND))
    return f"[{','.join(rows)}]".encode()


def _begins(request: Request, tape: Tape) -> tuple[Interval, list[int]]:
    """The interval asked for and when its bars begin. Raises ApiError for parameters the exchange refuses."""
    query, spot = request.parameters, request.market is Market.SPOT
    name = query.get("interval")
    if not name:
        raise errors.missing("interval")
    interval = (SPOT_INTERVALS if spot else FUTURES_INTERVALS).get(name)
    if interval is None:
        raise errors.bad_interval()
    limit = parameters.limit(query, DEFAULT_LIMIT, SPOT_MOST if spot else FUTURES_MOST, strict=not spot)
    start, end = parameters.time(query, "startTime"), parameters.time(query, "endTime")
    if start is not None and end is not None and start > end and not spot:
        raise errors.start_after_end()
    newest = request.now if end is None else min(end, request.now)
    if tape.source.end is not None:
        newest = min(newest, tape.source.end - 1)
    shift = parameters.zone(query) if spot else 0
    begins = _window(interval, shift, start, newest, limit, tape.source.begin)
    if name == "1s":
        begins = [begin for begin in begins if tape.source.holds_seconds(begin)]
    return interval, begins


def _window(interval: Interval, shift: int, start: int | None, newest: int, limit: int, oldest: int) -> list[int]:
    """The beginnings of at most `limit` bars: the first from `start` on, or the last up to `newest`."""
    last = interval.floor(newest, shift)
    first = interval.floor(oldest, shift)
    if start is None:
        first = max(first, interval.step(last, 1 - limit, shift))
    else:
        begin = interval.floor(start, shift)
        first = max(first, begin if begin == start else interval.step(begin, 1, shift))
    if isinstance(interval, Fixed):
        return list(range(first, last + 1, interval.length))[:limit]
    begins: list[int] = []
    while first <= last and len(begins) < limit:
        begins.append(first)
        first = interval.step(first, 1, shift)
    return begins


def _traded_row(instrument: Instrument, bar: Ohlc, times: tuple[int, int], volume: tuple[int, int]) -> str:
    price, (count, quantity) = instrument.price_text, volume
    mean, taken = sum(bar) // 4, quantity // 2
    return (
        f'[{times[0]},"{price(bar.open)}","{price(bar.high)}","{price(bar.low)}","{price(bar.close)}",'
        f'"{instrument.quantity_text(quantity)}",{times[1]},"{instrument.notional_text(mean, quantity)}",{count},'
        f'"{instrument.quantity_text(taken)}","{instrument.notional_text(mean, taken)}","0"]'
    )


def _untraded_row(instrument: Instrument, bar: Ohlc, times: tuple[int, int], points: int) -> str:
    price = instrument.mark_text
    return (
        f'[{times[0]},"{price(bar.open)}","{price(bar.high)}","{price(bar.low)}","{price(bar.close)}",'
        f'"0",{times[1]},"0",{points},"0","0","0"]'
    )
