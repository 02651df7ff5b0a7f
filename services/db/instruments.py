"""Instruments as stored: loading, the hourly refresh, and what a listing change does to them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.db.pool import Connection
from services.domain.market import Filters, Instrument, InstrumentStatus, Listing, Market

COLUMNS = "i.id, i.market, i.symbol, i.base_asset, i.status, i.tick_size, i.step_size, i.min_quantity, i.min_notional"


def from_row(row: Sequence[Any]) -> Instrument:
    """The instrument of a row of `COLUMNS`."""
    id_, market, symbol, base_asset, status, *grid = row
    return Instrument(id_, Market(market), symbol, base_asset, InstrumentStatus(status), Filters(*grid))


async def by_ids(connection: Connection, ids: Iterable[int]) -> dict[int, Instrument]:
    """The instruments with these ids."""
    cursor = await connection.execute(f"SELECT {COLUMNS} FROM instruments i WHERE id = ANY(%s)", [list(ids)])
    return {row[0]: from_row(row) for row in await cursor.fetchall()}


async def by_symbols(connection: Connection, market: Market, symbols: Iterable[str]) -> list[Instrument]:
    """The instruments of one market with these symbols; unknown symbols are left out."""
    cursor = await connection.execute(
        f"SELECT {COLUMNS} FROM instruments i WHERE market = %s AND symbol = ANY(%s) ORDER BY id",
        [market, list(symbols)],
    )
    return [from_row(row) for row in await cursor.fetchall()]


async def listed(connection: Connection, market: Market | None = None) -> list[Instrument]:
    """Every instrument that has not been delisted, of one market or of both, by market and symbol."""
    cursor = await connection.execute(
        f"""SELECT {COLUMNS} FROM instruments i
            WHERE status <> 'DELISTED' AND (%(market)s::text IS NULL OR market = %(market)s)
            ORDER BY market, symbol""",
        {"market": market},
    )
    return [from_row(row) for row in await cursor.fetchall()]


class Refreshed(msgspec.Struct, frozen=True):
    """What a refresh changed: ids of instruments that are new, changed in grid, suspended, or trading again."""

    added: tuple[int, ...]
    changed: tuple[int, ...]
    suspended: tuple[int, ...]
    resumed: tuple[int, ...]


async def refresh(
    connection: Connection, market: Market, listings: Sequence[Listing], watermark: datetime
) -> Refreshed:
    """Make the stored instruments of `market` what the exchange lists now.

    New ones start to be judged at `watermark`; absent ones are suspended, never deleted.
    """
    rows = msgspec.json.encode(
        [
            {"symbol": listing.symbol, "base_asset": listing.base_asset, **msgspec.structs.asdict(listing.filters)}
            for listing in listings
        ]
    )
    cursor = await connection.execute(_REFRESH, {"market": market, "rows": rows.decode(), "watermark": watermark})
    row = await cursor.fetchone()
    assert row is not None
    return Refreshed(*(tuple(ids or ()) for ids in row))


_REFRESH = """
WITH listing AS (
    SELECT * FROM json_to_recordset(%(rows)s::json) AS l(symbol text, base_asset text, tick_size numeric,
        step_size numeric, min_quantity numeric, min_notional numeric)
), known AS (
    SELECT id, symbol, status FROM instruments WHERE market = %(market)s
), added AS (
    INSERT INTO instruments (market, symbol, base_asset, status, tick_size, step_size, min_quantity, min_notional)
    SELECT %(market)s, symbol, base_asset, 'TRADING', tick_size, step_size, min_quantity, min_notional FROM listing
    WHERE symbol NOT IN (SELECT symbol FROM known) ORDER BY symbol
    RETURNING id
), marked AS (
    INSERT INTO watermarks (instrument_id, judged_to) SELECT id, %(watermark)s FROM added
), changed AS (
    UPDATE instruments i SET base_asset = l.base_asset, tick_size = l.tick_size, step_size = l.step_size,
        min_quantity = l.min_quantity, min_notional = l.min_notional, updated_at = now(), status = 'TRADING',
        break_since = NULL, delisted_at = NULL, settlement_price = NULL, settled_by = NULL
    FROM listing l WHERE i.market = %(market)s AND i.symbol = l.symbol
        AND (i.base_asset, i.tick_size, i.step_size, i.min_quantity, i.min_notional, i.status)
            IS DISTINCT FROM (l.base_asset, l.tick_size, l.step_size, l.min_quantity, l.min_notional, 'TRADING')
    RETURNING i.id
), suspended AS (
    UPDATE instruments i SET status = 'SUSPENDED', updated_at = now()
    WHERE i.market = %(market)s AND i.status = 'TRADING' AND i.symbol NOT IN (SELECT symbol FROM listing)
    RETURNING i.id
)
SELECT (SELECT array_agg(id) FROM added),
       (SELECT array_agg(c.id) FROM changed c JOIN known k USING (id) WHERE k.status = 'TRADING'),
       (SELECT array_agg(id) FROM suspended),
       (SELECT array_agg(c.id) FROM changed c JOIN known k USING (id) WHERE k.status <> 'TRADING')
"""
