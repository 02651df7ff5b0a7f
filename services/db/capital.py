"""What accounts were given and what was taken by resets, beside all that their trades made of it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from services.db.pool import Connection
from services.domain.metrics.worth import Worth
from services.domain.money import ZERO


async def worth(
    connection: Connection, account_ids: tuple[int, ...], profits: Mapping[date, Decimal] | None = None
) -> Worth:
    """What these accounts were worth together, day by day of exchange time.

    `profits` are those of all their trades by day, for whoever has read them already.
    """
    moved = await _rows(connection, _MOVED, account_ids)
    if profits is None:
        profits = {day: net for day, net in await _rows(connection, _PROFITS, account_ids) if day}
    start = sum((amount for day, amount in moved if day is None), ZERO)
    return Worth(start, {day: amount for day, amount in moved if day}, profits)


async def _rows(connection: Connection, query: str, account_ids: tuple[int, ...]) -> list[tuple[date | None, Decimal]]:
    cursor = await connection.execute(query, [list(account_ids)])
    return await cursor.fetchall()


# What an account began with has no day: it was there before the first trade, whatever time an exchange tells that plays
# a recording. What is taken after a trade has closed that day was there for that trade, so it goes with the next day;
# what comes after the last one has closed was not, so it comes with the next day.
_MOVED = """
SELECT CASE WHEN number > 1 THEN (begin AT TIME ZONE 'UTC')::date + CASE WHEN amount < 0
        THEN EXISTS (SELECT FROM trades t WHERE t.account_id = b.account_id
            AND t.exit_time BETWEEN begin AND time)
        ELSE NOT EXISTS (SELECT FROM trades t WHERE t.account_id = b.account_id
            AND t.exit_time > time AND t.exit_time < begin + interval '24 hours')
        END::int END AS counts_from, sum(amount)
FROM (
    SELECT account_id, amount, time, date_trunc('day', time, 'UTC') AS begin,
        row_number() OVER (PARTITION BY account_id ORDER BY id) AS number
    FROM ledger, coalesce(exchange_time, booked_at) AS time WHERE account_id = ANY(%s) AND trade_id IS NULL
) b GROUP BY counts_from
"""

_PROFITS = "SELECT day, sum(net) FROM results WHERE account_id = ANY(%s) AND instrument_id IS NULL GROUP BY day"
