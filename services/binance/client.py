"""Binance's public market data in domain terms, for both markets, inside the fleet's weight budget."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from services.binance import convert, wire
from services.binance import endpoints as at
from services.binance.endpoints import Endpoint
from services.binance.requests import Parameters, Requests
from services.domain.candles import Candle, Timeframe
from services.domain.funding import Settlement
from services.domain.market import Halt, Listing, Market, Quote
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

    async def halts(self, market: Market) -> list[Halt]:
        """The pairs that trade no longer, as the exchange tells of them now."""
        parameters: Parameters = (
            {"showPermissionSets": "false", "symbolStatus": "BREAK"} if market is Market.SPOT else {}
        )
        weight = at.EXCHANGE_INFO_WEIGHT[market]
        info = await self._requests.get(at.EXCHANGE_INFO[market], parameters, weight, "listings", wire.EXCHANGE_INFO)
        return convert.halts(market, info)

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
        rows, told = await self._minutes(at.KLINES[market], symbol, start, until, purpose, within)
        bars, progress = _in_progress(_traded(rows, told), end)
        return Path(instrument_id, start, end, bars, progress), told[-1].open_time if told else None

    async def mark_path(self, path: Path, symbol: str, purpose: str) -> tuple[Path, datetime | None]:
        """`path` with the minutes of the mark price, the one in progress too; and the newest minute told of it."""
        until = path.end + MINUTE
        _, told = await self._minutes(at.MARK_KLINES, symbol, path.start, until, purpose, None)
        mark, progress = _in_progress(told, path.end)
        return msgspec.structs.replace(path, mark=mark, mark_tail=progress), told[-1].open_time if told else None

    async def _minutes(
        self, endpoint: Endpoint, symbol: str, start: datetime, until: datetime, purpose: str, within: float | None
    ) -> tuple[list[wire.Kline], list[Bar]]:
        """The minutes of [start, until), page after page, as told and as bars."""
        rows: list[wire.Kline] = []
        bars: list[Bar] = []
        while start < until:
            limit, weight = at.kline_page(endpoint.market, (until - start) // MINUTE)
            parameters = _span(symbol, start, until, limit) | {"interval": "1m"}
            page = await self._requests.get(endpoint, parameters, weight, purpose, wire.KLINES, within)
            rows += page
            bars += convert.bars(page, MINUTE, start, until)
            if len(page) < limit:
                break
            start = bars[-1].open_time + MINUTE
        return rows, bars

    async def candles(
        self,
        market: Market,
        symbol: str,
        timeframe: Timeframe,
        *,
        start: datetime,
        end: datetime,
        purpose: str,
        within: float | None = None,
        of_mark_price: bool = False,
    ) -> list[Candle]:
        """The candles that open in [start, end), ascending, the one in progress too; both ends on the timeframe's grid.

        Candles without a trade are among them, as the exchange tells them; halts leave gaps. Those of the mark price
        (of futures) tell no volume. `within` holds for each page.
        """
        endpoint = at.MARK_KLINES if of_mark_price else at.KLINES[market]
        found: list[Candle] = []
        while start < end:
            limit, weight = at.kline_page(market, (end - start) // timeframe.length)
            parameters = _span(symbol, start, end, limit) | {"interval": timeframe.value}
            page = await self._requests.get(endpoint, parameters, weight, purpose, wire.KLINES, within)
            found += convert.candles(page, timeframe, start, end)
            if len(page) < limit:
                break
            start = found[-1].open_time + timeframe.length
        return found

    async def first_traded(self, market: Market, symbol: str, purpose: str) -> datetime | None:
        """The day on which a pair began to trade; None where it never has."""
        parameters: Parameters = {"symbol": symbol, "interval": "1d", "startTime": 0, "limit": 1}
        _, weight = at.kline_page(market, 1)
        rows = await self._requests.get(at.KLINES[market], parameters, weight, purpose, wire.KLINES)
        return convert.from_ms(rows[0].openTime) if rows else None

    async def next_funding(self) -> dict[str, datetime | None]:
        """When the funding of each contract is settled next; None where it never is."""
        rows = await self._requests.get(at.PREMIUM_INDEX, {}, at.PREMIUM_INDEX_WEIGHT, "funding", wire.PREMIUM_INDEX)
        return convert.next_funding(rows)

    async def settlements(self, since: datetime, symbol: str | None = None) -> dict[str, list[Settlement]]:
        """Settled funding from `since` on by contract, ascending: the first of one, or of all in one request."""
        parameters: dict[str, str | int] = {"startTime": convert.to_ms(since), "limit": at.FUNDING_RATE_MAX}
        if symbol is not None:
            parameters["symbol"] = symbol
        rows = await self._requests.get(
            at.FUNDING_RATE, parameters, at.FUNDING_RATE_WEIGHT, "funding", wire.FUNDING_RATES
        )
        return convert.settlements(rows)

    async def funding_rates(
        self, symbol: str, *, start: datetime, end: datetime, purpose: str, within: float | None = None
    ) -> list[tuple[datetime, Decimal]]:
        """The funding rates of a contract settled in [start, end), ascending; the first thousand of them."""
        parameters = _span(symbol, start, end, at.FUNDING_RATE_MAX)
        rows = await self._requests.get(
            at.FUNDING_RATE, parameters, at.FUNDING_RATE_WEIGHT, purpose, wire.FUNDING_RATES, within
        )
        return convert.funding_rates(rows)

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


def _in_progress(bars: Sequence[Bar], end: datetime) -> tuple[tuple[Bar, ...], Bar | None]:
    """The closed bars, and the one that opens at `end` if it is there."""
    if bars and bars[-1].open_time == end:
        return tuple(bars[:-1]), bars[-1]
    return tuple(bars), None


def _span(symbol: str, start: datetime, end: datetime, limit: int) -> dict[str, str | int]:
    """Parameters for what begins in [start, end)."""
    return {
        "symbol": symbol,
        "startTime": convert.to_ms(start),
        "endTime": convert.to_ms(end) - 1,
        "limit": limit,
    }
