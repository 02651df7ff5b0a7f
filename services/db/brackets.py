"""Maintenance brackets by contract that an operator has brought."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from services.db.pool import Connection
from services.domain.brackets import Brackets

_decode = msgspec.json.Decoder(Brackets).decode


async def brought(connection: Connection, symbols: Iterable[str]) -> dict[str, Brackets]:
    """The brackets of these contracts, where an operator has brought any."""
    cursor = await connection.execute(
        "SELECT symbol, brackets::text FROM leverage_brackets WHERE symbol = ANY(%s)", [list(symbols)]
    )
    return {symbol: _decode(told) for symbol, told in await cursor.fetchall()}


async def brought_at(connection: Connection) -> tuple[int, datetime | None]:
    """Of how many contracts an operator has brought brackets, and when those of the first of them."""
    cursor = await connection.execute("SELECT count(*), min(brought_at) FROM leverage_brackets")
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


async def replace(connection: Connection, found: Mapping[str, Brackets]) -> None:
    """Store brackets by symbol; other symbols keep theirs."""
    await connection.execute(
        """INSERT INTO leverage_brackets (symbol, brackets)
           SELECT * FROM json_to_recordset(%s::json) AS v(symbol text, brackets jsonb)
           ON CONFLICT (symbol) DO UPDATE SET brackets = excluded.brackets, brought_at = now()""",
        [msgspec.json.encode([{"symbol": symbol, "brackets": each} for symbol, each in found.items()]).decode()],
    )
