"""Orders of the tests: made around the first prices, placed by the use case, read back as plain rows."""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
import psycopg

from services.bootstrap import build
from services.db import accounts
from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.plan import Direction, EntryType
from services.settings import Settings
from services.usecases.context import Services
from services.usecases.new_trade import NewTrade
from services.usecases.open_trade import open_trade
from services.usecases.refresh_instruments import refresh_instruments
from services.usecases.sweep_quotes import sweep_quotes
from tests.evaluation.oracle import told_times
from tests.fleet.oracle import MINUTE_MS, Bar, ByPrints, Order, Outcome
from tests.fleet.tape import moment

SIZE = Decimal(1000)
CENT = Decimal("1e-8")
"""The step of ledger amounts."""
_ROWS = """
SELECT t.notes::int, i.market, i.symbol, t.status, t.entry_price, t.entry_time, t.exit_price, t.exit_time, t.ambiguous,
    t.exit_reason, t.entry_evidence ->> 'decided_by',
    (SELECT e.evidence ->> 'decided_by' FROM trade_exits e WHERE e.trade_id = t.id AND e.part = 1),
    t.quantity, t.entry_fee, t.fees - t.entry_fee AS exit_fee, t.profit_loss
FROM trades t JOIN instruments i ON i.id = t.instrument_id
WHERE t.notes ~ '^[0-9]+$' AND (%(ids)s::bigint[] IS NULL OR t.id = ANY(%(ids)s)) ORDER BY t.notes::int
"""


class Told(NamedTuple):
    """When a fill was, and what decided it."""

    at: datetime
    by: str


@dataclass(frozen=True)
class Row:
    """One trade as the database holds it, by the number of its order.

    Rows are equal whatever decided them: a bar tells of a time within a minute otherwise than prints do.
    """

    number: int
    market: str
    symbol: str
    outcome: Outcome
    quantity: Decimal
    entry_fee: Decimal | None
    exit_fee: Decimal | None
    profit_loss: Decimal | None
    entered: Told | None = field(compare=False)
    exited: Told | None = field(compare=False)


def around(
    chance: random.Random, market: str, symbol: str, price: Decimal, tick: Decimal, count: int, spread: float = 0.04
) -> list[Order]:
    """`count` orders on the grid: the limit up to half of `spread` away from `price`, stop and target up to all."""
    orders = []
    for _ in range(count):
        sign = 1 if market == "SPOT" else chance.choice((1, -1))
        limit = float(price) * (1 - sign * chance.uniform(0.001, spread / 2))
        stop = limit * (1 - sign * chance.uniform(0.001, spread))
        target = limit * (1 + sign * chance.uniform(0.001, spread))
        leverage = 1 if market == "SPOT" else chance.randint(1, 10)
        orders.append(Order(market, symbol, sign, *(_grid(x, tick) for x in (limit, stop, target)), leverage))
    return orders


def _grid(price: float, tick: Decimal) -> Decimal:
    return Decimal(round(price / float(tick))) * tick


def standing_still(settings: Settings) -> AbstractAsyncContextManager[Services]:
    """Services of the test itself, for a market whose clock is paused: their clock stands still too."""
    return build(
        msgspec.structs.replace(settings, market_speed=Decimal("1e-9"), quote_max_age_seconds=Decimal(3600)),
        name="test",
    )


async def open_market(services: Services) -> int:
    """List the pairs, ask their quotes; the owner's account."""
    for market in Market:
        await refresh_instruments(services, market)
        await sweep_quotes(services, market)
    async with services.pool.connection() as connection:
        return await accounts.ensure_owner(connection, Decimal(0))


async def place(services: Services, account_id: int, orders: Sequence[Order]) -> None:
    """Rest every order, numbered from 0 in its notes."""
    for number, order in enumerate(orders):
        wish = NewTrade(
            market_type=Market(order.market),
            symbol=order.symbol,
            direction=Direction.LONG if order.sign > 0 else Direction.SHORT,
            entry_type=EntryType.LIMIT,
            entry_price=order.limit,
            stop_loss=order.stop,
            take_profit=order.target,
            position_size=SIZE,
            leverage=order.leverage,
            fill_model=FillModel.OPTIMISTIC,
            notes=str(number),
        )
        await open_trade(services, account_id, wish)


def rows(settings: Settings, ids: Iterable[int] | None = None) -> list[Row]:
    """Every trade that has a number, or those among `ids`, by it."""
    with psycopg.connect(settings.database_url) as connection:
        return [_row(*row) for row in connection.execute(_ROWS, {"ids": None if ids is None else list(ids)})]


def _row(
    number, market, symbol, status, entry, entered, exit_, exited, ambiguous, reason, entered_by, exited_by, *money
) -> Row:
    minutes = [None if time is None else int(time.timestamp() * 1000) // MINUTE_MS for time in (entered, exited)]
    outcome = Outcome(status, entry, minutes[0], exit_, minutes[1], ambiguous, reason)
    fills = [None if time is None else Told(time, by) for time, by in ((entered, entered_by), (exited, exited_by))]
    return Row(number, market, symbol, outcome, *money, *fills)


def otherwise(found: Sequence[Row], expected: Sequence[ByPrints]) -> Iterator[str]:
    """What is not as the prints say, whether lost, added, or ended at another time, price or for another reason."""
    if (numbers := [row.number for row in found]) != list(range(len(expected))):
        yield f"{len(expected)} orders were placed, in the books are {numbers}"
    for row in found:
        yield from differs(row, expected[row.number])


def differs(row: Row, should: ByPrints) -> Iterator[str]:
    """How one trade is not as its prints say."""
    instants = _is_at(row.entered, should.entered) and _is_at(row.exited, should.exited)
    if row.outcome != should.outcome or not instants:
        yield f"order {row.number}: {row.outcome}, entered {row.entered}, left {row.exited}; by its prints {should}"


def _is_at(told: Told | None, ms: int | None) -> bool:
    """Whether a fill is told at the instant of its print, as exactly as what decided it knows."""
    if told is None or ms is None:
        return told is None and ms is None
    return told.at in told_times(moment(ms), told.by)


def watermarks(settings: Settings) -> dict[tuple[str, str], int]:
    """Up to where (epoch ms) each pair has been judged, by market and symbol."""
    query = "SELECT market, symbol, judged_to FROM watermarks w JOIN instruments i ON i.id = w.instrument_id"
    with psycopg.connect(settings.database_url) as connection:
        return {(market, symbol): int(to.timestamp()) * 1000 for market, symbol, to in connection.execute(query)}


def decided_by_finer_data(settings: Settings) -> int:
    """How many trades were filled in a minute whose bar did not tell the order."""
    query = """SELECT count(*) FROM trades WHERE entry_evidence ->> 'decided_by' IN ('seconds', 'prints')
               OR EXISTS (SELECT FROM trade_exits e WHERE e.trade_id = trades.id
                   AND e.evidence ->> 'decided_by' IN ('seconds', 'prints'))"""
    with psycopg.connect(settings.database_url) as connection:
        return connection.execute(query).fetchone()[0]


def exit_bars(settings: Settings) -> list[tuple[tuple[str, str], Bar]]:
    """Market and symbol of each exit, and the bar as it was when it decided that one."""
    query = """SELECT i.market, i.symbol, e.evidence -> 'bar'
               FROM trade_exits e JOIN trades t ON t.id = e.trade_id JOIN instruments i ON i.id = t.instrument_id
               WHERE e.evidence ? 'bar'"""
    with psycopg.connect(settings.database_url) as connection:
        found = connection.execute(query).fetchall()
    return [((market, symbol), (_minute_ms(bar[0]), *map(Decimal, bar[2:]))) for market, symbol, bar in found]


def _minute_ms(opened: str) -> int:
    return int(datetime.fromisoformat(opened).timestamp()) * 1000


def wrong_profits(placed: Sequence[Order], found: Iterable[Row]) -> list[Row]:
    """Closed trades whose profit is not what their prices leave after fees, or after the loss of all the margin."""
    return [row for row in found if row.outcome.exit_price and row.profit_loss != _profit(placed[row.number], row)]


def _profit(order: Order, row: Row) -> Decimal:
    entry, exit_ = row.outcome.entry_price, row.outcome.exit_price
    gained = ((exit_ - entry) * order.sign * row.quantity).quantize(CENT) - row.exit_fee
    margin = (entry * row.quantity / order.leverage).quantize(CENT)
    return max(gained, -margin) - row.entry_fee
