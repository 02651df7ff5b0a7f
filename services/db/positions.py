"""What an account holds: instruments, open positions added up, and what counts against its limits."""

from decimal import Decimal

import msgspec

from services.db.pool import Connection
from services.domain.equity import Position
from services.domain.limits import Usage
from services.domain.market import Market
from services.domain.plan import Direction


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


async def open_positions(connection: Connection, account_id: int) -> list[tuple[Position, Decimal | None]]:
    """The account's open positions by instrument and direction, each with its instrument's last judged close."""
    cursor = await connection.execute(_OPEN, [account_id])
    return [
        (Position(Market(market), symbol, Direction(direction), *sums), last_close)
        for market, symbol, direction, *sums, last_close in await cursor.fetchall()
    ]


class Holding(msgspec.Struct, frozen=True):
    """Open trades of an account on one instrument in one direction; last_close is the instrument's last judged one."""

    account_id: int
    trades: int
    position: Position
    last_close: Decimal | None


async def all_open(connection: Connection) -> list[Holding]:
    """The open positions of every account, in one pass over the live trades."""
    cursor = await connection.execute(_ALL_OPEN)
    return [
        Holding(account_id, trades, Position(Market(market), symbol, Direction(direction), *sums), last_close)
        for account_id, trades, market, symbol, direction, *sums, last_close in await cursor.fetchall()
    ]


async def usage(connection: Connection, account_id: int, instrument_id: int, direction: Direction) -> Usage:
    """What counts against the account's limits for a trade on the instrument in that direction."""
    cursor = await connection.execute(_USAGE, {"account": account_id, "instrument": instrument_id, "side": direction})
    row = await cursor.fetchone()
    assert row is not None
    return Usage(*row)


async def of_owners(connection: Connection, account_ids: list[int]) -> dict[int, tuple[int, int]]:
    """By account: whose it is, and how many live trades that user's accounts have.

    Until the transaction ends nobody else counts these users'. Lock watermarks before, accounts after.
    """
    await connection.execute(
        """SELECT pg_advisory_xact_lock(%s::int, user_id::int)
           FROM (SELECT DISTINCT user_id FROM accounts WHERE id = ANY(%s) ORDER BY user_id) owners""",
        [_OWNERS_LOCK, account_ids],
    )
    cursor = await connection.execute(
        """SELECT a.id, a.user_id, (SELECT count(*) FROM live_triggers l JOIN accounts o ON o.id = l.account_id
               WHERE o.user_id = a.user_id)
           FROM accounts a WHERE a.id = ANY(%s)""",
        [account_ids],
    )
    return {id_: (user_id, trades) for id_, user_id, trades in await cursor.fetchall()}


_OWNERS_LOCK = 0x6F776E72  # one counter of a user's live trades at a time: "ownr" in ASCII
_REMAINING = """t.quantity - coalesce((SELECT sum(e.quantity) FROM trade_exits e WHERE e.trade_id = t.id), 0)"""

_POSITIONS = """i.market, i.symbol, t.direction, sum(r.quantity), sum(r.quantity * t.entry_price),
    sum(r.quantity * CASE t.direction WHEN 'LONG' THEN 1 ELSE -1 END * coalesce(f.total - f.before, 0)), w.last_close
FROM live_triggers l JOIN trades t ON t.id = l.trade_id JOIN instruments i ON i.id = t.instrument_id
JOIN watermarks w ON w.instrument_id = i.id
CROSS JOIN LATERAL (SELECT {remaining} AS quantity,
    greatest(t.entry_time, (SELECT max(e.time) FROM trade_exits e WHERE e.trade_id = t.id)) AS booked) r
LEFT JOIN LATERAL (
    SELECT
        (SELECT s.total FROM funding_settlements s WHERE s.instrument_id = i.id ORDER BY s.time DESC LIMIT 1) AS total,
        coalesce((SELECT s.total FROM funding_settlements s WHERE s.instrument_id = i.id AND s.time < r.booked
                  ORDER BY s.time DESC LIMIT 1), 0) AS before
) f ON i.market = 'FUTURES'
""".replace("{remaining}", _REMAINING)

_OPEN = f"""
SELECT {_POSITIONS}
WHERE l.account_id = %s AND t.status = 'OPEN'
GROUP BY i.market, i.symbol, t.direction, w.last_close
"""

_ALL_OPEN = f"""
SELECT l.account_id, count(*), {_POSITIONS}
WHERE t.status = 'OPEN' GROUP BY l.account_id, i.market, i.symbol, t.direction, w.last_close
"""

_USAGE = f"""
SELECT count(*), coalesce(sum(({_REMAINING}) * coalesce(t.entry_price, t.limit_price))
    FILTER (WHERE t.instrument_id = %(instrument)s AND t.direction = %(side)s), 0)
FROM live_triggers l JOIN trades t ON t.id = l.trade_id WHERE l.account_id = %(account)s
"""
