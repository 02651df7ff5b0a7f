"""A pair that goes on under another symbol: its trades, watermark and history stay with it."""

from services.db.pool import Connection
from services.domain.errors import Conflict, InvalidInput
from services.domain.market import Market

_BETWEEN = "\N{RIGHTWARDS ARROW}"


async def rename(connection: Connection, market: Market, old: str, new: str) -> None:
    """Give the suspended pair `old` the symbol `new`, in the caller's transaction.

    Where the exchange lists `new` already, the two change symbols, and what was kept under `new` is suspended; that
    must be without trades. Raises InvalidInput for an unknown symbol, Conflict where the state does not allow it.
    """
    cursor = await connection.execute(
        """SELECT symbol, id, status FROM instruments WHERE market = %s AND symbol = ANY(%s)
           ORDER BY id FOR NO KEY UPDATE""",
        [market, [old, new]],
    )
    found = {symbol: (id_, status) for symbol, id_, status in await cursor.fetchall()}
    if old not in found:
        raise InvalidInput("unknown_symbol", f"{market} has no {old!r}", field="symbol")
    id_, status = found[old]
    if status != "SUSPENDED":
        raise Conflict("not_suspended", f"{market} {old} is {status}: only a suspended pair is renamed", field="symbol")
    if new not in found:
        await connection.execute("UPDATE instruments SET symbol = %s WHERE id = %s", [new, id_])
        return
    other, _ = found[new]
    cursor = await connection.execute("SELECT EXISTS (SELECT FROM trades WHERE instrument_id = %s)", [other])
    row = await cursor.fetchone()
    if row is None or row[0]:
        raise Conflict("has_trades", f"{market} {new} has trades of its own: they cannot be joined", field="symbol")
    await connection.execute("UPDATE instruments SET symbol = symbol || %s WHERE id = %s", [_BETWEEN, other])
    await connection.execute(
        """UPDATE instruments i SET symbol = %s, status = o.status, base_asset = o.base_asset, tick_size = o.tick_size,
               step_size = o.step_size, min_quantity = o.min_quantity, min_notional = o.min_notional,
               break_since = NULL, delisted_at = NULL, settlement_price = NULL, settled_by = NULL, updated_at = now()
           FROM instruments o WHERE i.id = %s AND o.id = %s""",
        [new, id_, other],
    )
    await connection.execute(
        "UPDATE instruments SET symbol = %s, status = 'SUSPENDED', updated_at = now() WHERE id = %s", [old, other]
    )
