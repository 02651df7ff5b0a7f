"""What the trades of a source's signals came to: sums by what the signals have in common, and trade by trade."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.db.closings import SUMS
from services.db.pool import Connection
from services.domain.market import Market
from services.domain.metrics.tally import Tally
from services.domain.plan import Direction

LINES_MAX = 1000


class CardBy(StrEnum):
    """What a scorecard has a line for."""

    STRATEGY = "strategy"
    SYMBOL = "symbol"
    DIRECTION = "direction"
    TIMEFRAME = "timeframe"
    SOURCE = "source"


class Line(msgspec.Struct, frozen=True):
    """The sums over closed trades with this key; `squares` is the sum of profit_loss squared."""

    key: str
    tally: Tally
    squares: Decimal


class Outcome(msgspec.Struct, frozen=True):
    """One closed trade of a signal. Money in USDT; target is the mean of the plan's targets by their fractions."""

    id: int
    instrument_id: int
    market: Market
    symbol: str
    direction: Direction
    quantity: Decimal
    entry_price: Decimal
    entry_time: datetime
    exit_time: datetime
    initial_stop: Decimal
    target: Decimal | None
    fees: Decimal
    profit_loss: Decimal


# A followed source of somebody else bears its id, as its trades do: names are unique a user only.
_KEYS = {
    CardBy.STRATEGY: "g.strategy",
    CardBy.SYMBOL: "i.market || ':' || i.symbol",
    CardBy.DIRECTION: "t.direction",
    CardBy.TIMEFRAME: "g.timeframe",
    CardBy.SOURCE: "t.source",
}
_OF_SIGNALS = """
FROM trades t JOIN signals g ON g.id = t.signal_id JOIN instruments i ON i.id = t.instrument_id
WHERE t.account_id = ANY(%(accounts)s) AND t.exit_time IS NOT NULL AND t.status <> 'VOIDED'
    AND (%(source)s::bigint IS NULL OR g.source_id = %(source)s)
"""


async def lines(
    connection: Connection, account_ids: Sequence[int], source_id: int | None, by: CardBy | None
) -> list[Line]:
    """One line a key, or one over all; the keys with the most trades where there are too many."""
    key = "''" if by is None else _KEYS[by]
    cursor = await connection.execute(
        f"""SELECT key, {SUMS}, coalesce(sum(profit_loss * profit_loss), 0)
            FROM (SELECT t.*, {key} AS key {_OF_SIGNALS}) closed GROUP BY key ORDER BY 2 DESC, key LIMIT {LINES_MAX}""",
        {"accounts": list(account_ids), "source": source_id},
    )
    names = Tally.__struct_fields__
    return [
        Line(key, Tally(**dict(zip(names, sums, strict=True))), squares)
        for key, *sums, squares in await cursor.fetchall()
    ]


async def outcomes(connection: Connection, account_ids: Sequence[int], source_id: int, limit: int) -> list[Outcome]:
    """The last `limit` closed trades of a source's signals, by exit time."""
    cursor = await connection.execute(
        f"""SELECT * FROM (
                SELECT t.id, t.instrument_id, i.market, i.symbol, t.direction, t.quantity, t.entry_price, t.entry_time,
                    t.exit_time, t.initial_stop,
                    (SELECT sum((e ->> 'price')::numeric * (e ->> 'fraction')::numeric)
                     FROM jsonb_array_elements(t.targets) e) AS target,
                    t.fees, t.profit_loss {_OF_SIGNALS} ORDER BY t.exit_time DESC, t.id DESC LIMIT %(limit)s
            ) newest ORDER BY exit_time, id""",
        {"accounts": list(account_ids), "source": source_id, "limit": limit},
    )
    return [
        msgspec.convert(dict(zip(Outcome.__struct_fields__, row, strict=True)), Outcome)
        for row in await cursor.fetchall()
    ]
