"""Pages of instruments, by market and symbol."""

from typing import Any

import msgspec
from sqlalchemy import Select, Text, bindparam, func, literal_column, select, tuple_

from services.db import statement
from services.db.pool import Connection
from services.db.statement import Names, equal
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
    wanted = {"market": market, "search": search and search.upper()}
    values = {"limit": limit} | {name: value for name, value in wanted.items() if value}
    if after is not None:
        values |= {"after_market": after.market, "after_symbol": after.symbol}
    return [
        Instrument(id_, Market(place), symbol, base_asset, InstrumentStatus(status), Filters(*grid))
        for id_, place, symbol, base_asset, status, *grid in await statement.rows(connection, _page, values)
    ]


@statement.by_shape
def _page(names: Names) -> Select[Any]:
    table = instruments.c
    found = select(instruments).where(*equal(names, {"market": table.market})).order_by(table.market, table.symbol)
    if "search" in names:
        found = found.where(func.strpos(table.symbol, bindparam("search")) > literal_column("0"))
    if "after_symbol" in names:
        after = (bindparam(name, type_=Text) for name in ("after_market", "after_symbol"))
        found = found.where(tuple_(table.market, table.symbol) > tuple_(*after))
    return found.limit(bindparam("limit"))
