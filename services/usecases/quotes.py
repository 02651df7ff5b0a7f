"""The quote that prices a command: from the cache, and only while it is fresh."""

from datetime import UTC, datetime

from services.domain.errors import Conflict
from services.domain.market import Instrument, Quote
from services.usecases.context import Services


async def fresh_quote(services: Services, instrument: Instrument) -> Quote:
    """The instrument's last quote. Raises Conflict (no_fresh_price) when there is none young enough."""
    quote = await services.prices.one(instrument.market, instrument.symbol)
    age_max = services.settings.quote_max_age_seconds
    if quote is None:
        raise Conflict("no_fresh_price", f"no price of {instrument} has been seen yet", field="symbol")
    age = (datetime.now(UTC) - quote.asked_at).total_seconds()
    if age > age_max:
        raise Conflict(
            "no_fresh_price",
            f"the last price of {instrument} is {age:.0f} s old, at most {age_max} s are allowed",
            field="symbol",
            numbers={"age_seconds": round(age, 1), "max": age_max},
        )
    return quote
