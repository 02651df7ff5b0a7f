"""Mark price, premium and funding of futures."""

from deploy.simulator import errors, parameters
from deploy.simulator.instruments import Instrument
from deploy.simulator.klines import index_ratio
from deploy.simulator.noise import MASK, NORMAL, mix
from deploy.simulator.request import Request
from deploy.simulator.synthetic import HOUR, SECOND
from services.domain.market import Market

DEFAULT_LIMIT, MOST, NEWEST_WITHOUT_RANGE = 100, 1000, 200
_TYPICAL_RATE = 0.00012
_JITTER_MS = 8
"""Settlements are stamped up to 7 ms late."""


def premium_index(request: Request) -> bytes:
    """Mark, index and the rate being accrued."""
    if "symbol" in request.parameters:
        return _premium_row(request, request.instrument()).encode()
    rows = [_premium_row(request, item) for item in request.exchange.listed(Market.FUTURES)]
    return f"[{','.join(rows)}]".encode()


def funding_rate(request: Request) -> bytes:
    """Settled rates, ascending."""
    query = request.parameters
    start, end = parameters.time(query, "startTime"), parameters.time(query, "endTime")
    if start is not None and end is not None and start > end:
        raise errors.start_after_end()
    limit = parameters.limit(query, DEFAULT_LIMIT, MOST, strict=True)
    newest = request.now if end is None else min(end, request.now)
    if "symbol" not in query:
        every = [
            (time + _jitter(item, time), _rate_row(item, time))
            for item in request.exchange.listed(Market.FUTURES)
            if _pays(item)
            for time in _settlements(item, start, newest, limit if start is not None else 1)
        ]
        every.sort(key=lambda row: row[0])
        return f"[{','.join(text for _, text in every[:limit])}]".encode()
    item = request.instrument()
    if not _pays(item):
        return b"[]"
    limit = NEWEST_WITHOUT_RANGE if "limit" not in query and start is None and end is None else limit
    rows = [_rate_row(item, time) for time in _settlements(item, start, newest, limit)]
    return f"[{','.join(rows)}]".encode()


def funding_info(request: Request) -> bytes:
    """Interval and caps of each contract."""
    rows = [
        f'{{"symbol":"{item.symbol}","adjustedFundingRateCap":"{item.row.funding_cap:.8f}",'
        f'"adjustedFundingRateFloor":"{-item.row.funding_cap:.8f}","fundingIntervalHours":{item.row.funding_hours},'
        f'"disclaimer":false,"updateTime":null}}'
        for item in request.exchange.listed(Market.FUTURES)
        if _pays(item)
    ]
    return f"[{','.join(rows)}]".encode()


def _settlements(item: Instrument, start: int | None, newest: int, limit: int) -> list[int]:
    """Settlement times that are stamped in [start, newest]: the first from `start` on, else the last."""
    period, oldest = _period(item), max(item.row.onboard_ms, item.tape.source.begin)
    last = newest // period * period
    if last + _jitter(item, last) > newest:
        last -= period
    first = last - (limit - 1) * period
    if start is not None:
        first = start // period * period
        if first + _jitter(item, first) < start:
            first += period
    first = max(first, -(-oldest // period) * period)
    return list(range(first, last + 1, period))[:limit]


def _pays(item: Instrument) -> bool:
    return item.is_trading and item.row.contract_type.endswith("PERPETUAL")


def _period(item: Instrument) -> int:
    return item.row.funding_hours * HOUR


def _jitter(item: Instrument, time: int) -> int:
    return mix(item.noise, time) % _JITTER_MS


def _rate(item: Instrument, time: int) -> str:
    """The rate that is settled at `time`, within the cap."""
    drawn = 0.00005 + _TYPICAL_RATE * NORMAL[mix(item.noise, time) & MASK]
    cap = float(item.row.funding_cap)
    return f"{max(-cap, min(cap, drawn)):.8f}"


def _rate_row(item: Instrument, time: int) -> str:
    mark = item.mark_text((item.mark or item.tape).last(time))
    return (
        f'{{"symbol":"{item.symbol}","fundingTime":{time + _jitter(item, time)},"fundingRate":"{_rate(item, time)}",'
        f'"markPrice":"{mark}","rateType":"Regular"}}'
    )


def _premium_row(request: Request, item: Instrument) -> str:
    mark = (item.mark or item.tape).last(request.now)
    index = item.mark_text(index_ratio(item).price(mark))
    following = (request.now // _period(item) + 1) * _period(item) if _pays(item) else 0
    rate = _rate(item, following) if following else "0.00000000"
    interest = "0.00010000" if following else "0.00000000"
    return (
        f'{{"symbol":"{item.symbol}","markPrice":"{item.mark_text(mark)}","indexPrice":"{index}",'
        f'"estimatedSettlePrice":"{index}","lastFundingRate":"{rate}","interestRate":"{interest}",'
        f'"nextFundingTime":{following},"time":{request.now // SECOND * SECOND}}}'
    )
