"""Binance's public market data in domain terms, for both markets, inside the fleet's weight budget."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from services.binance import convert, wire
from services.binance import endpoints as at
from services.binance.requests import Parameters, Requests
from services.domain.market import Listing, Market, Quote
from services.domain.path import MINUTE, Bar, Finer, Path, Resolution

PAGES_MAX = 10
"""Pages of aggregate trades asked for one minute: beyond, its order counts as not to be had."""

_SECOND = timedelta(seconds=1)


class BinanceClient:
    """Read-only. Every method raises Unavailable (ask later) or InvalidData (impossible answer, ask again).

    `purpose` is the slice of the weight budget; `within` is in wall seconds, by purpose where it is not given.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def close(self) -> None:
        """Close the connections."""
        await self._requests.close()

    async def server_time(self, market: Market) -> datetime:
        """The exchange's clock as it answered, to the millisecond."""
        answer = await self._requests.get(at.TIME[market], {}, at.TIME_WEIGHT, "clock", wire.SERVER_TIME)
        return convert.from_ms(answer.serverTime)

    async def listings(self, market: Market) -> list[Listing]:
        """Every pair that this product follows, as listed now."""
        # Spot lists thousands of dead pairs with hundreds of permission names each: 17 MB unless told not to.
        parameters: Parameters = (
            {"showPermissionSets": "false", "symbolStatus": "TRADING"} if market is Market.SPOT else {}
        )
        weight = at.EXCHANGE_INFO_WEIGHT[market]
        info = await self._requests.get(at.EXCHANGE_INFO[market], parameters, weight, "listings", wire.EXCHANGE_INFO)
        return convert.listings(market, info)

    async def quotes(self, market: Market, *, within: float | None = None) -> dict[str, Quote]:
        """Last price and best bid and ask of every USDT pair that has them, in two requests at once.

        The age of a quote counts from before the first of them was sent.
        """
        asked_at = datetime.now(UTC)
        parameters: Parameters = {"symbolStatus": "TRADING"} if market is Market.SPOT else {}
        prices, book = await asyncio.gather(
            self._requests.get(at.PRICES[market], parameters, at.PRICES_WEIGHT[market], "sweep", wire.PRICES, within),
            self._requests.get(at.BOOK[market], parameters, at.BOOK_WEIGHT[market], "sweep", wire.BOOK, within),
        )
        return convert.quotes(prices, book, asked_at)

    async def path(
        self,
        market: Market,
        symbol: str,
        instrument_id: int,
        *,
        start: datetime,
        end: datetime,
        tail: bool,
        purpose: str,
        within: float | None = None,
    ) -> tuple[Path, datetime | None]:
        """The traded minutes of [start, end), the minute at `end` in progress if `tail`; and the newest minute told.

        The query is paged to its end, so it covers the whole span whatever bars are inside. One impossible bar
        refuses the whole path: nothing is ever skipped silently. A minute without a trade repeats the last price,
        which nobody traded in it: it is no bar, but it proves those before it to be final.
        """
        until = end + MINUTE if tail else end
        bars: list[Bar] = []
        newest = None
        since = start
        while since < until:
            limit, weight = at.kline_page(market, (until - since) // MINUTE)
            parameters = _span(symbol, since, until, limit) | {"interval": "1m"}
            rows = await self._requests.get(at.KLINES[market], parameters, weight, purpose, wire.KLINES, within)
            told = convert.bars(rows, MINUTE, since, until)
            bars += _traded(rows, told)
            newest = told[-1].open_time if told else newest
            if newest is None or len(rows) < limit:
                break
            since = newest + MINUTE
        progress = bars.pop() if bars and bars[-1].open_time == end else None
        return Path(instrument_id, start, end, tuple(bars), progress), newest

    async def finer(
        self,
        market: Market,
        symbol: str,
        minute: datetime,
        resolution: Resolution,
        *,
        purpose: str = "finer",
        within: float | None = None,
    ) -> Finer:
        """What is known inside a closed minute.

        `gone` where the exchange has none to give: seconds of futures, an empty answer. Of more prints than PAGES_MAX
        pages the first ones are told, up to an instant. An empty answer about a minute just past may only be late:
        that is the caller's to judge.
        """
        if resolution is Resolution.PRINTS:
            return await self._prints(market, symbol, minute, purpose, within)
        if market is Market.FUTURES:
            bars = []
        else:
            bars = await self._seconds(symbol, minute, purpose, within)
        return Finer(resolution, tuple(bars), gone=not bars)

    async def _seconds(self, symbol: str, minute: datetime, purpose: str, within: float | None) -> list[Bar]:
        limit, weight = at.kline_page(Market.SPOT, 60)
        parameters = _span(symbol, minute, minute + MINUTE, limit) | {"interval": "1s"}
        rows = await self._requests.get(at.KLINES[Market.SPOT], parameters, weight, purpose, wire.KLINES, within)
        return _traded(rows, convert.bars(rows, _SECOND, minute, minute + MINUTE))

    async def _prints(self, market: Market, symbol: str, minute: datetime, purpose: str, within: float | None) -> Finer:
        """Every aggregate trade of the minute, or those of its first PAGES_MAX pages."""
        end, limit = minute + MINUTE, at.AGGREGATE_TRADES_MAX
        endpoint, weight = at.AGGREGATE_TRADES[market], at.AGGREGATE_TRADES_WEIGHT[market]
        parameters = _span(symbol, minute, end, limit)
        found: list[wire.AggregateTrade] = []
        for _ in range(PAGES_MAX):
            rows = await self._requests.get(endpoint, parameters, weight, purpose, wire.AGGREGATE_TRADES, within)
            found += rows
            if len(rows) < limit or convert.from_ms(rows[-1].T) >= end:
                bars = tuple(convert.prints(found, minute, end))
                return Finer(Resolution.PRINTS, bars, gone=not bars)
            parameters = {"symbol": symbol, "fromId": rows[-1].a + 1, "limit": limit}
        bars = tuple(convert.prints(found, minute, end))
        return Finer(Resolution.PRINTS, bars, gone=True, until=bars[-1].open_time)


def _traded(rows: Sequence[wire.Kline], bars: Sequence[Bar]) -> list[Bar]:
    """Those of `bars`, one a row, in which anything was traded."""
    return [bar for row, bar in zip(rows, bars, strict=True) if row.trades > 0]


def _span(symbol: str, start: datetime, end: datetime, limit: int) -> dict[str, str | int]:
    """Parameters for what begins in [start, end)."""
    return {
        "symbol": symbol,
        "startTime": convert.to_ms(start),
        "endTime": convert.to_ms(end) - 1,
        "limit": limit,
    }
