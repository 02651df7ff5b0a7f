"""Which instruments an account holds live trades in."""

from services.db.pool import Connection
from services.domain.market import Market


async def newest(connection: Connection, account_ids: list[int], trades: int) -> set[tuple[Market, str]]:
    """The instruments of the newest `trades` live trades of each account: at most that many, whatever is held."""
    cursor = await connection.execute(
        """SELECT DISTINCT i.market, i.symbol
           FROM unnest(%s::bigint[]) AS a(id) CROSS JOIN LATERAL (
               SELECT instrument_id FROM live_triggers WHERE account_id = a.id ORDER BY trade_id DESC LIMIT %s
           ) l JOIN instruments i ON i.id = l.instrument_id""",
        [account_ids, trades],
    )
    return {(Market(market), symbol) for market, symbol in await cursor.fetchall()}
