"""The last day of every pair at a glance: its price hour by hour, from what is stored anyway."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.pool import Connection
from services.domain.market import Market


class DayCourse(msgspec.Struct, frozen=True):
    """What a pair traded at, at each full hour of the last day, oldest first; USDT, null where it is not known."""

    market_type: Market
    symbol: str
    prices: list[Decimal | None]


async def read(connection: Connection, market: Market, hour: datetime) -> list[DayCourse]:
    """Of every trading pair of `market`, the 25 hours that end with `hour`, in one query, by symbol."""
    cursor = await connection.execute(_READ, {"market": market, "hour": hour})
    return [DayCourse(market, symbol, prices) for symbol, prices in await cursor.fetchall()]


# A probe an hour and pair: the last stored minute before it; where minutes do not reach back so far (a fleet has just
# been started), the candle that closed then.
_READ = """
SELECT i.symbol, array_agg(coalesce(m.close, c.close::numeric) ORDER BY h.at)
FROM instruments i
CROSS JOIN generate_series(%(hour)s - interval '24 hours', %(hour)s, '1 hour') AS h(at)
LEFT JOIN LATERAL (
    SELECT close FROM minute_bars b
    WHERE b.instrument_id = i.id AND b.open_time < h.at AND b.open_time >= h.at - interval '1 hour'
    ORDER BY b.open_time DESC LIMIT 1
) m ON true
LEFT JOIN candles c ON m.close IS NULL AND c.instrument_id = i.id AND c.timeframe = '1h'
    AND c.open_time = h.at - interval '1 hour'
WHERE i.market = %(market)s AND i.status = 'TRADING'
GROUP BY i.symbol ORDER BY i.symbol
"""
