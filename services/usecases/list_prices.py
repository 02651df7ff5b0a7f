"""List the last known quotes with their age."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from services.db import instruments
from services.domain.market import Market, Quote
from services.usecases.context import Services


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The last quote of a pair. `age_seconds` counts from when the exchange was asked for it."""

    market_type: Market
    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    asked_at: datetime
    age_seconds: float


async def list_prices(
    services: Services, markets: Sequence[Market] = tuple(Market), symbols: Sequence[str] = ()
) -> list[Price]:
    """Quotes of these symbols (of all, if none are named), by market and symbol. Raises Unavailable.

    The exchange quotes pairs that cannot be traded here, too: those are left out.
    """
    prices = []
    now = datetime.now(UTC)
    for market in markets:
        quotes = await (services.prices.many(market, symbols) if symbols else services.prices.all(market))
        async with services.pool.connection() as connection:
            listed = {instrument.symbol for instrument in await instruments.listed(connection, market)}
        prices += [price(market, symbol, quotes[symbol], now) for symbol in sorted(quotes.keys() & listed)]
    return prices


def price(market: Market, symbol: str, quote: Quote, now: datetime) -> Price:
    """One quote as it is read at `now`."""
    return Price(
        market_type=market,
        symbol=symbol,
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        asked_at=quote.asked_at,
        age_seconds=round((now - quote.asked_at).total_seconds(), 3),
    )
