"""The quote that prices a command: from the cache, and only while it is fresh."""

from collections.abc import Iterable
from datetime import UTC, datetime

from services.domain.errors import Conflict
from services.domain.market import Instrument, Market, Quote
from services.usecases.context import Services


async def fresh_quote(services: Services, instrument: Instrument) -> Quote:
    """The instrument's last quote. Raises Conflict (no_fresh_price) when there is none young enough."""
    quote = (await fresh_quotes(services, [instrument]))[instrument.id]
    if isinstance(quote, Conflict):
        raise quote
    return quote


async def fresh_quotes(services: Services, instruments: Iterable[Instrument]) -> dict[int, Quote | Conflict]:
    """By instrument, its last quote, or the refusal (no_fresh_price) where there is none young enough."""
    wanted: dict[Market, dict[str, Instrument]] = {}
    for each in instruments:
        wanted.setdefault(each.market, {})[each.symbol] = each
    found: dict[int, Quote | Conflict] = {}
    for market, by_symbol in wanted.items():
        quotes = await services.prices.many(market, by_symbol)
        for symbol, each in by_symbol.items():
            found[each.id] = _fresh(services, each, quotes.get(symbol))
    return found


def _fresh(services: Services, instrument: Instrument, quote: Quote | None) -> Quote | Conflict:
    age_max = services.settings.quote_max_age_seconds
    if quote is None:
        return Conflict("no_fresh_price", f"no price of {instrument} has been seen yet", field="symbol")
    age = (datetime.now(UTC) - quote.asked_at).total_seconds()
    if age > age_max:
        return Conflict(
            "no_fresh_price",
            f"the last price of {instrument} is {age:.0f} s old, at most {age_max} s are allowed",
            field="symbol",
            numbers={"age_seconds": round(age, 1), "max": age_max},
        )
    return quote
