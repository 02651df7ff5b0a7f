"""List the instruments, by market and symbol."""

from services.db import instrument_list
from services.db.instrument_list import Key
from services.domain.market import Instrument, Market
from services.usecases.context import Services


async def list_instruments(
    services: Services, market: Market | None, search: str, limit: int, after: Key | None = None
) -> tuple[list[Instrument], Key | None]:
    """At most `limit` instruments whose symbol contains `search`, and where the next page starts."""
    async with services.pool.connection() as connection:
        found = await instrument_list.page(connection, market, search, limit + 1, after)
    shown = found[:limit]
    return shown, Key(shown[-1].market, shown[-1].symbol) if len(found) > limit else None
