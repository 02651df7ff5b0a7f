"""Which pairs are scanned: lists, what was traded in a day, the spread, and the age of a pair."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import numpy as np

from services.db import candles as stored
from services.domain.candles import Timeframe
from services.domain.errors import InvalidData, Unavailable
from services.domain.market import Instrument, Market, Quote
from services.scanner.series import Candles
from services.settings import Settings, listed
from services.usecases.context import Services

DAY = timedelta(days=1)


class Listed(msgspec.Struct, frozen=True):
    """The allow and the deny list; a pair is named alone or with its market: BTCUSDT, FUTURES:BTCUSDT."""

    allow: frozenset[str]
    deny: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> "Listed":
        """As the settings have them."""
        return cls(frozenset(listed(settings.scan_allow)), frozenset(listed(settings.scan_deny)))

    def admits(self, instrument: Instrument) -> bool:
        """Whether it may be scanned; deny goes before allow."""
        names = {instrument.symbol, f"{instrument.market}:{instrument.symbol}"}
        return not names & self.deny and (not self.allow or bool(names & self.allow))


async def admitted(
    services: Services, timeframe: Timeframe, candles: Mapping[Instrument, Candles], now: datetime
) -> dict[Instrument, Candles]:
    """Those of one market's pairs that volume, spread and age admit. What is not known does not admit."""
    settings = services.settings
    kept = dict(candles)
    if settings.scan_min_quote_volume:
        least = float(settings.scan_min_quote_volume)
        kept = {each: series for each, series in kept.items() if day_volume(series, timeframe) >= least}
    if settings.scan_max_spread_percent and kept:
        market = next(iter(kept)).market
        quotes = await services.prices.many(market, [each.symbol for each in kept])
        kept = {
            each: series
            for each, series in kept.items()
            if is_narrow(quotes.get(each.symbol), settings.scan_max_spread_percent)
        }
    if settings.scan_min_age_days:
        days = await _first_traded(services, list(kept))
        youngest = now - settings.scan_min_age_days * DAY
        kept = {each: series for each, series in kept.items() if each.id in days and days[each.id] <= youngest}
    return kept


def day_volume(candles: Candles, timeframe: Timeframe) -> float:
    """USDT traded in the candles of the last 24 hours, each volume at its close; of the last day's candle at least."""
    bars = max(DAY // timeframe.length, 1)
    return float(np.sum(candles.volume[-bars:] * candles.close[-bars:]))


def is_narrow(quote: Quote | None, percent_max: Decimal) -> bool:
    """Whether the spread is known, and at most so many percent of the mid price."""
    if quote is None:
        return False
    mid = (quote.ask + quote.bid) / 2
    return (quote.ask - quote.bid) * 100 <= percent_max * mid


async def _first_traded(services: Services, instruments: Sequence[Instrument]) -> dict[int, datetime]:
    """When each began to trade; asked of the exchange once, and kept. What cannot be had now is left out."""
    async with services.pool.connection() as connection:
        known = await stored.first_traded(connection, [each.id for each in instruments])
    fresh: dict[int, datetime] = {}
    for each in instruments:
        if each.id not in known:
            day = await _ask_first_traded(services, each.market, each.symbol)
            if day is not None:
                fresh[each.id] = day
    if fresh:
        async with services.pool.connection() as connection:
            await stored.note_first_traded(connection, fresh)
    return known | fresh


async def _ask_first_traded(services: Services, market: Market, symbol: str) -> datetime | None:
    try:
        return await services.exchange.first_traded(market, symbol, "candles")
    except (Unavailable, InvalidData):
        return None
