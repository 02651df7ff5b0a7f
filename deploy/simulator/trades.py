"""Prints one by one: aggTrades, trades, and the depth and average price that follow from them."""

from deploy.simulator import errors, parameters
from deploy.simulator.instruments import Instrument
from deploy.simulator.request import Request
from deploy.simulator.synthetic import DAY, HOUR, MINUTE, Print
from services.domain.market import Market

DEFAULT_LIMIT, MOST = 500, 1000
FUTURES_KEPT_MS = DAY
"""Futures prints older than this are gone."""
_LOOK_BACK_MS_PER_PRINT, _LONGEST_LOOK_BACK_MS = 300, 30 * DAY
_DEPTH_LIMITS = {5, 10, 20, 50, 100, 500, 1000}


def aggregate_trades(request: Request) -> bytes:
    """aggTrades."""
    item = request.instrument()
    rows = [_aggregate_row(request, item, p) for p in _chosen(request, item)]
    return f"[{','.join(rows)}]".encode()


def trades(request: Request) -> bytes:
    """The newest trades; here every print is one trade."""
    item = request.instrument()
    limit = parameters.limit(request.parameters, DEFAULT_LIMIT, MOST, strict=request.market is Market.FUTURES)
    best = ',"isBestMatch":true' if request.market is Market.SPOT else ',"isRPITrade":false'
    rows = [
        f'{{"id":{p.id},"price":"{item.price_text(p.price)}","qty":"{item.quantity_text(p.quantity)}",'
        f'"quoteQty":"{item.notional_text(p.price, p.quantity)}","time":{request.stamp(p.time)},'
        f'"isBuyerMaker":{"true" if p.maker else "false"}{best}}}'
        for p in _newest(item, request.now + 1, limit)
    ]
    return f"[{','.join(rows)}]".encode()


def depth(request: Request) -> bytes:
    """A book of evenly spaced levels around the best bid and ask."""
    item = request.instrument()
    spot = request.market is Market.SPOT
    limit = parameters.limit(request.parameters, 100 if spot else 500, 5000 if spot else 1000, strict=not spot)
    if not spot and limit not in _DEPTH_LIMITS:
        raise errors.bad_value("limit")
    bid, _, ask = item.quote(request.now)
    bids = [_level(item, bid - i) for i in range(min(limit, bid))] if item.is_trading else []
    asks = [_level(item, ask + i) for i in range(limit)] if item.is_trading else []
    times = "" if spot else f'"E":{request.now},"T":{request.now},'
    head = f'{{"lastUpdateId":{request.now},{times}'
    return f'{head}"bids":[{",".join(bids)}],"asks":[{",".join(asks)}]}}'.encode()


def average_price(request: Request) -> bytes:
    """The mean price of five minutes (spot)."""
    item = request.instrument()
    bar = item.tape.extent(request.now - 5 * MINUTE, request.now + 1)
    mean = sum(bar) // 4 if bar is not None else item.tape.last(request.now)
    return f'{{"mins":5,"price":"{item.price_text(mean)}","closeTime":{request.stamp(request.now)}}}'.encode()


def spot_depth_weight(query: parameters.Parameters) -> int:
    """By the number of levels."""
    limit = _asked(query, 100)
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


def futures_depth_weight(query: parameters.Parameters) -> int:
    """By the number of levels."""
    limit = _asked(query, 500)
    return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20


def _asked(query: parameters.Parameters, default: int) -> int:
    text = query.get("limit", "")
    return int(text) if text.isdecimal() else default


def _level(item: Instrument, price: int) -> str:
    size = item.lots_text(1 + (item.noise ^ price * 7919) % 9973)
    return f'["{item.price_text(price)}","{size}"]'


def _chosen(request: Request, item: Instrument) -> list[Print]:
    """The prints that fromId, startTime and endTime ask for; the newest without them."""
    query, spot = request.parameters, request.market is Market.SPOT
    limit = parameters.limit(query, DEFAULT_LIMIT, MOST, strict=not spot)
    start, end = parameters.time(query, "startTime"), parameters.time(query, "endTime")
    number = parameters.number(query, "fromId")
    if number is not None and (start is not None or end is not None):
        raise errors.bad_combination()
    if start is not None and end is not None:
        if start > end:
            raise errors.bad_combination() if spot else errors.start_after_end()
        if not spot and end - start >= HOUR:
            raise errors.range_too_long(1)
    if not item.tape.source.has_prints:
        return []
    after = request.now + 1 if end is None else min(end, request.now) + 1
    if number is not None:
        start = item.tape.time_of_id(number, request.now)
    if start is None:
        return _newest(item, after, limit)
    if not spot:
        start = max(start, request.now - FUTURES_KEPT_MS)
    found = item.tape.prints(start, after, limit)
    return found if number is None else [p for p in found if p.id >= number]


def _newest(item: Instrument, end: int, limit: int) -> list[Print]:
    """The last `limit` prints before `end`: looks back further and further, for tapes may be thin."""
    span = 1_000 + limit * _LOOK_BACK_MS_PER_PRINT
    while item.tape.source.has_prints:
        start = max(item.tape.source.begin, end - span)
        found = item.tape.prints(start, end, limit=1 << 30)
        if len(found) >= limit or span >= _LONGEST_LOOK_BACK_MS or start == item.tape.source.begin:
            return found[-limit:]
        span *= 8
    return []


def _aggregate_row(request: Request, item: Instrument, p: Print) -> str:
    quantity, maker = item.quantity_text(p.quantity), "true" if p.maker else "false"
    extra = ',"M":true' if request.market is Market.SPOT else f',"nq":"{quantity}"'
    return (
        f'{{"a":{p.id},"p":"{item.price_text(p.price)}","q":"{quantity}","f":{p.id},"l":{p.id},'
        f'"T":{request.stamp(p.time)},"m":{maker}{extra}}}'
    )
