"""Record candles of a few pairs from the exchange into a folder, in the layout of its public dumps.

What is there already is not asked for again: whole days once written stay, so a run that was broken off goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from services.binance.client import BinanceClient
from services.binance.convert import to_ms
from services.binance.dumps import Kind
from services.domain.candles import Candle, Timeframe
from services.domain.errors import InvalidInput
from services.domain.market import Listing, Market

DAY = timedelta(days=1)
WITHIN_SECONDS = 180.0
"""A request may wait for this long until the weight of a minute is back."""
_AT_ONCE = 4
Errand = Callable[[], Awaitable[None]]
_PLACES = {Market.SPOT: "spot", Market.FUTURES: "futures/um"}


class Span(msgspec.Struct, frozen=True):
    """A timeframe's candles of [since, until)."""

    timeframe: Timeframe
    since: datetime
    until: datetime


async def record_market(
    exchange: BinanceClient,
    folder: Path,
    pairs: Sequence[str],
    spans: Sequence[Span],
    progress: Callable[[int, int], None],
) -> None:
    """Write the spans of the pairs (BTCUSDT: both markets; FUTURES:BTCUSDT: one), and their grids.

    With minutes of a contract come those of its mark price, and its funding rates.

    `progress` hears of days and months, done and of how many. Raises InvalidInput for a pair that is not listed,
    Unavailable when the exchange cannot be asked, OSError where the folder cannot be written.
    """
    listings = await _listed(exchange, pairs)
    _write_grids(folder, listings)
    errands = [each for listing in listings for span in spans for each in _errands(exchange, folder, listing, span)]
    slots, done = asyncio.Semaphore(_AT_ONCE), 0

    async def run(errand: Errand) -> None:
        nonlocal done
        async with slots:
            await errand()
        done += 1
        progress(done, len(errands))

    progress(0, len(errands))
    await asyncio.gather(*map(run, errands))


def _errands(exchange: BinanceClient, folder: Path, listing: Listing, span: Span) -> Iterator[Errand]:
    """What is to be brought of a span; minutes of a contract are judged with its mark price and its funding."""
    is_judged = listing.market is Market.FUTURES and span.timeframe is Timeframe.M1
    for day in _days(span):
        yield partial(_bring_day, exchange, folder, listing, span, day, Kind.KLINES)
        if is_judged:
            yield partial(_bring_day, exchange, folder, listing, span, day, Kind.MARK_PRICE_KLINES)
    if is_judged:
        for month in sorted({day.replace(day=1) for day in _days(span)}):
            yield partial(_bring_rates, exchange, folder, listing.symbol, month, span.until)


async def _listed(exchange: BinanceClient, pairs: Sequence[str]) -> list[Listing]:
    wanted, found, known = set(pairs), list[Listing](), set[str]()
    for market in Market:
        if all(":" in name and not name.startswith(f"{market}:") for name in wanted):
            continue
        for listing in await exchange.listings(market):
            names = {listing.symbol, f"{market}:{listing.symbol}"}
            if names & wanted:
                found.append(listing)
                known |= names
    if unknown := wanted - known:
        raise InvalidInput("unknown_symbol", f"the exchange lists no {', '.join(sorted(unknown))}", field="symbol")
    return found


def _days(span: Span) -> Iterable[datetime]:
    day = span.since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < span.until:
        yield day
        day += DAY


async def _bring_day(
    exchange: BinanceClient, folder: Path, listing: Listing, span: Span, day: datetime, kind: Kind
) -> None:
    """Write one day, up to the last candle closed before the span's end; a day that is whole stays as it is."""
    end = min(day + DAY, span.timeframe.floor(span.until))
    name = f"{listing.symbol}-{span.timeframe}-{day:%Y-%m-%d}.csv"
    path = folder / _PLACES[listing.market] / "daily" / kind / listing.symbol / span.timeframe / name
    if path.exists() and _is_whole(path, span.timeframe, day):
        return
    candles = await exchange.candles(
        listing.market,
        listing.symbol,
        span.timeframe,
        start=day,
        end=max(end, day),
        purpose="candles",
        within=WITHIN_SECONDS,
        of_mark_price=kind is Kind.MARK_PRICE_KLINES,
    )
    if candles:
        _write(path, [_row(candle, span.timeframe) for candle in candles])


async def _bring_rates(exchange: BinanceClient, folder: Path, symbol: str, month: datetime, until: datetime) -> None:
    """Write the funding settled in a month, as far as it lies before `until`; a month that is whole stays as it is."""
    end = (month + 31 * DAY).replace(day=1)
    path = folder / _PLACES[Market.FUTURES] / "monthly" / Kind.FUNDING_RATE / symbol
    path /= f"{symbol}-fundingRate-{month:%Y-%m}.csv"
    if path.exists() and datetime.fromtimestamp(path.stat().st_mtime, UTC) > end + DAY:
        return
    rates = await exchange.funding_rates(
        symbol, start=month, end=min(end, until), purpose="candles", within=WITHIN_SECONDS
    )
    if rates:
        _write(path, [f"{to_ms(time)},0,{rate:f}\n" for time, rate in rates])


def _write(path: Path, rows: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_text("".join(rows))
    draft.replace(path)


def _is_whole(path: Path, timeframe: Timeframe, day: datetime) -> bool:
    """Whether the day's last candle is there."""
    return f"\n{to_ms(day + DAY - timeframe.length)}," in f"\n{path.read_text()}"


def _row(candle: Candle, timeframe: Timeframe) -> str:
    opened = to_ms(candle.open_time)
    prices = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    numbers = ",".join(f"{value:f}" for value in prices)
    return f"{opened},{numbers},{opened + timeframe.length // timedelta(milliseconds=1) - 1}\n"


def _write_grids(folder: Path, listings: Iterable[Listing]) -> None:
    """The pairs' ticks, steps and minimums as an exchangeInfo."""
    symbols = [
        {
            "symbol": each.symbol,
            "status": "TRADING",
            "baseAsset": each.base_asset,
            "quoteAsset": "USDT",
            **({"contractType": "PERPETUAL"} if each.market is Market.FUTURES else {"isSpotTradingAllowed": True}),
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": f"{each.filters.tick_size:f}"},
                {
                    "filterType": "LOT_SIZE",
                    "stepSize": f"{each.filters.step_size:f}",
                    "minQty": f"{each.filters.min_quantity:f}",
                },
                {"filterType": "MIN_NOTIONAL", "notional": f"{each.filters.min_notional:f}"},
            ],
        }
        for each in listings
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "exchangeInfo.json").write_bytes(msgspec.json.encode({"symbols": symbols}))
