"""Read the candles of one pair for a chart: from the exchange, inside the weight budget, kept for a moment."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.binance.errors import RequestRefused
from services.coordination import charts
from services.db import instruments
from services.domain.candles import Timeframe
from services.domain.errors import InvalidInput
from services.domain.market import InstrumentStatus, Market
from services.usecases.context import Services

LIMIT_MAX = 1000
CLOSED_SECONDS, OPEN_SECONDS = 300.0, 2.0
"""Wall seconds for which candles are kept: closed ones never change, one in progress always does."""


class CandleView(msgspec.Struct, frozen=True, kw_only=True):
    """Prices in USDT, volume in the base asset; `is_closed` is false for the candle in progress."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    is_closed: bool


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The candles of one pair, ascending. Halts of the exchange leave gaps."""

    market_type: Market
    symbol: str
    interval: Timeframe
    candles: list[CandleView]


async def read_candles(
    services: Services,
    market: Market,
    symbol: str,
    timeframe: Timeframe,
    *,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> Chart:
    """The first `limit` candles that open at or after `since` and before `until`; without `since`, the last ones.

    `until` is the present where none is given. Raises InvalidInput for an unknown pair or an empty span, Unavailable
    when the exchange cannot be asked.
    """
    await _check_known(services, market, symbol)
    now = await services.clock.now(market)
    length = timeframe.length
    end = timeframe.floor(now) + length
    if until is not None:
        end = min(end, _ceil(until, timeframe))
    start = end - limit * length if since is None else _ceil(since, timeframe)
    if since is not None and start >= end:
        if until is not None and since >= until:
            raise InvalidInput("empty_span", "from must lie before to", field="from")
        return Chart(market_type=market, symbol=symbol, interval=timeframe, candles=[])
    end = min(end, start + limit * length)
    key = f"{market}:{symbol}:{timeframe}:{start.timestamp():.0f}:{end.timestamp():.0f}"
    found = await charts.cached(services.redis, key)
    if found is None:
        try:
            found = await services.exchange.candles(market, symbol, timeframe, start=start, end=end, purpose="chart")
        except RequestRefused as error:
            raise InvalidInput("no_candles", f"the exchange has no candles of {market} {symbol}: {error}") from error
        kept = CLOSED_SECONDS if end <= now else OPEN_SECONDS
        await charts.keep(services.redis, key, found, kept / float(services.settings.market_speed))
    candles = [
        CandleView(
            open_time=each.open_time,
            open=each.open,
            high=each.high,
            low=each.low,
            close=each.close,
            volume=each.volume,
            is_closed=each.open_time + length <= now,
        )
        for each in found
    ]
    return Chart(market_type=market, symbol=symbol, interval=timeframe, candles=candles)


def _ceil(time: datetime, timeframe: Timeframe) -> datetime:
    floor = timeframe.floor(time)
    return floor if floor == time else floor + timeframe.length


async def _check_known(services: Services, market: Market, symbol: str) -> None:
    async with services.pool.connection() as connection:
        found = await instruments.by_symbols(connection, market, [symbol])
    if not found or found[0].status is InstrumentStatus.DELISTED:
        raise InvalidInput("unknown_symbol", f"{market} lists no {symbol!r}", field="symbol")
