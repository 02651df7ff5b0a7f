"""Pages of instruments, by market and symbol."""

import msgspec
from sqlalchemy import select, tuple_

from services.db import statement
from services.db.pool import Connection
from services.db.tables import instruments
from services.domain.market import Filters, Instrument, InstrumentStatus, Market


class Key(msgspec.Struct, frozen=True, array_like=True):
    """The place of an instrument in the list; the next page starts after it."""

    market: Market
    symbol: str


async def page(
    connection: Connection, market: Market | None, search: str, limit: int, after: Key | None
) -> list[Instrument]:
    """At most `limit` instruments after the (market, symbol) `after`, whose symbol contains `search`."""
    table = instruments.c
    found = select(instruments).order_by(table.market, table.symbol).limit(limit)
    if market is not None:
        found = found.where(table.market == market)
    if search:
        found = found.where(table.symbol.contains(search.upper(), autoescape=True))
    if after is not None:
        found = found.where(tuple_(table.market, table.symbol) > tuple_(after.market, after.symbol))
    return [
        Instrument(id_, Market(place), symbol, base_asset, InstrumentStatus(status), Filters(*grid))
        for id_, place, symbol, base_asset, status, *grid in await statement.rows(connection, found)
    ]
