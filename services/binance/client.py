"""Binance's public market data in domain terms, for both markets, inside the fleet's weight budget."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.binance import wire
from services.binance.convert import is_followed, to_bar, to_listing, to_ms, to_print, to_quotes, to_time
from services.binance.requests import Requests
from services.domain.market import Listing, Market, Quote
from services.domain.path import MINUTE, Bar, Finer, Path, Resolution

_PREFIX = {Market.SPOT: "/api/v3", Market.FUTURES: "/fapi/v1"}
_PRICE_PATH = {Market.SPOT: "/api/v3/ticker/price", Market.FUTURES: "/fapi/v2/ticker/price"}
_SWEEP_WEIGHTS = {Market.SPOT: (4, 4), Market.FUTURES: (2, 5)}
_AGG_TRADES_WEIGHT = {Market.SPOT: 4, Market.FUTURES: 20}
_INFO = {
    Market.SPOT: ({"showPermissionSets": "false", "symbolStatus": "TRADING"}, 20),
    Market.FUTURES: ({}, 1),
}

PAGES_MAX = 10
"""Pages of aggregate trades asked for one minute: beyond, its order is taken as not to be had."""
KLINES_MAX = 99
"""Candles in one request; up to here a futures request weighs 1."""


class BinanceClient:
    """Read-only. Every method raises Unavailable (ask later) or InvalidData (impossible answer, ask again)."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def close(self) -> None:
        """Close the connections."""
        await self._requests.close()

    async def server_time(self, market: Market) -> datetime:
        """The exchange's clock, to the millisecond."""
        answer = await self._requests.get(market, f"{_PREFIX[market]}/time", {}, 1, "command", wire.SERVER_TIME)
        return to_time(answer.serverTime)

    async def listings(self, market: Market) -> list[Listing]:
        """Every pair that this product follows, as listed now."""
        parameters, weight = _INFO[market]
        info = await self._requests.get(
            market, f"{_PREFIX[market]}/exchangeInfo", parameters, weight, "cycle", wire.EXCHANGE_INFO
        )
        return [to_listing(market, symbol) for symbol in info.symbols if is_followed(market, symbol)]

    async def quotes(self, market: Market) -> dict[str, Quote]:
        """Last price and best bid and ask of the whole market, in two requests.

        The age of a quote counts from before the first of them was sent.
        """
        asked_at = datetime.now(UTC)
        price_weight, book_weight = _SWEEP_WEIGHTS[market]
        prices = await self._requests.get(market, _PRICE_PATH[market], {}, price_weight, "sweep", wire.PRICES)
        books = await self._requests.get(
            market, f"{_PREFIX[market]}/ticker/bookTicker", {}, book_weight, "sweep", wire.BOOKS
        )
        return to_quotes(prices, books, asked_at)

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
    ) -> Path:
        """The minute bars of [start, end), and the minute at `end` in progress if `tail`.

        The query is paged to its end, so it covers the whole span whatever bars are inside. One impossible bar
        refuses the whole path: nothing is ever skipped silently.
        """
        until = end + MINUTE if tail else end
        bars: list[Bar] = []
        since = start
        while since < until:
            page = await self._klines(market, symbol, "1m", since, until, purpose)
            bars += page
            if len(page) < KLINES_MAX:
                break
            since = page[-1].open_time + MINUTE
        closed = tuple(bar for bar in bars if bar.open_time < end)
        return Path(instrument_id, start, end, closed, next((bar for bar in bars if bar.open_time == end), None))

    async def finer(self, market: Market, symbol: str, minute: datetime, resolution: Resolution) -> Finer:
        """What is known inside a closed minute. `gone` where the exchange definitively keeps nothing."""
        if resolution is Resolution.SECONDS:
            if market is Market.FUTURES:
                return Finer(Resolution.SECONDS, gone=True)
            seconds = await self._klines(market, symbol, "1s", minute, minute + MINUTE, "ring")
            return Finer(Resolution.SECONDS, tuple(seconds), gone=not seconds)
        prints = await self._prints(market, symbol, minute)
        return Finer(Resolution.PRINTS, tuple(prints), gone=not prints)

    async def _klines(
        self, market: Market, symbol: str, interval: str, start: datetime, until: datetime, purpose: str
    ) -> list[Bar]:
        parameters = {
            "symbol": symbol,
            "interval": interval,
            "startTime": str(to_ms(start)),
            "endTime": str(to_ms(until) - 1),
            "limit": str(KLINES_MAX),
        }
        weight = 2 if market is Market.SPOT else 1
        klines = await self._requests.get(market, f"{_PREFIX[market]}/klines", parameters, weight, purpose, wire.KLINES)
        return [to_bar(kline) for kline in klines]

    async def _prints(self, market: Market, symbol: str, minute: datetime) -> Sequence[Bar]:
        """Every aggregate trade of the minute; none when there are too many pages or the exchange has none."""
        parameters = {
            "symbol": symbol,
            "startTime": str(to_ms(minute)),
            "endTime": str(to_ms(minute + MINUTE) - 1),
            "limit": "1000",
        }
        end_ms = to_ms(minute + MINUTE)
        trades: list[wire.AggTrade] = []
        for _ in range(PAGES_MAX):
            page = await self._requests.get(
                market,
                f"{_PREFIX[market]}/aggTrades",
                parameters,
                _AGG_TRADES_WEIGHT[market],
                "ring",
                wire.AGG_TRADES,
            )
            trades += [trade for trade in page if end_ms > trade.T]
            if len(page) < 1000 or end_ms <= page[-1].T:
                return [to_print(trade) for trade in trades]
            parameters = {"symbol": symbol, "fromId": str(page[-1].a + 1), "limit": "1000"}
        return ()
