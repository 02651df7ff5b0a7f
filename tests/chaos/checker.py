"""Whether all is as it must be: every row of every table, against the price script and against each other."""

from collections.abc import Iterator
from typing import NamedTuple

import psycopg

from tests.chaos import rhythm
from tests.chaos.crowd import Crowd
from tests.chaos.ground import FUNDED, Ground
from tests.chaos.people import people
from tests.fleet import oracle, orders
from tests.fleet.fleet import violations as broken_books

_WAITING = "SELECT trade_id, kind, at FROM trade_commands"
_NOBODYS = "SELECT id, notes FROM trades WHERE notes !~ '^(person )?[0-9]+$'"
_COUNTS = """
SELECT (SELECT count(*) FROM trades), (SELECT count(*) FROM trades WHERE exit_time IS NOT NULL),
    (SELECT count(*) FROM events)
"""


class Books(NamedTuple):
    """How much there was, and what was wrong with it."""

    trades: int
    closes: int
    events: int
    violations: list[str]


def check(ground: Ground, crowd: Crowd | None) -> Books:
    """Everything, after the fleet has stopped."""
    wrong = broken_books(ground.settings)
    wrong += rhythm.wrong(ground)
    wrong += ground.died
    wrong += standing(ground)
    if crowd is not None:
        wrong += crowd.unexpected
        wrong += people(ground, crowd.told)
    with psycopg.connect(ground.settings.database_url) as connection:
        wrong += [f"a command still waits: {row}" for row in connection.execute(_WAITING)]
        wrong += [f"trade {id_} is nobody's: {notes}" for id_, notes in connection.execute(_NOBODYS)]
        trades, closes, events = connection.execute(_COUNTS).fetchone() or (0, 0, 0)
    return Books(trades, closes, events, wrong)


def standing(ground: Ground) -> Iterator[str]:
    """The orders that rested before the first minute, against their prints."""
    placed, tapes = ground.market.orders, ground.market.tapes
    found = orders.rows(ground.settings)
    yield from orders.otherwise(found, [oracle.by_prints(each, tapes[each.market, each.symbol]) for each in placed])
    for row in orders.wrong_profits(placed, found) if ground.market.end < FUNDED else ():
        yield f"order {row.number}: a profit of {row.profit_loss}"
