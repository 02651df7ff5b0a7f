"""Whether all is as it must be: every row of every table, against the price script and against each other.

What must have become of a trade is found by the oracles, which share no code with the product; what is between people
and the fleet (when a command counted) is known to the instant where the books tell it, else every instant between
sending and answer is tried.
"""

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

import psycopg

from tests.chaos.crowd import Crowd, Told
from tests.chaos.ground import FUNDED, Ground
from tests.evaluation.oracle import Terms, Truth, judge
from tests.fleet import oracle, orders
from tests.fleet.fleet import violations as broken_books
from tests.fleet.slots import dispatched_twice
from tests.fleet.tape import milliseconds

MS = timedelta(milliseconds=1)
REASONS = {"CLOSED_TP": "take_profit", "CLOSED_SL": "stop_loss", "CLOSED_MANUAL": "manual", "CANCELLED": "cancelled"}
_PEOPLE = """
SELECT t.notes, t.id, i.market, i.symbol, t.direction = 'LONG', t.quantity, t.leverage, t.initial_stop,
    (t.targets -> 0 ->> 'price')::numeric, t.status, t.exit_reason, t.entry_price, t.entry_time, t.exit_price,
    t.exit_time, (SELECT x.evidence ->> 'decided_by' FROM trade_exits x WHERE x.trade_id = t.id), t.ambiguous,
    (SELECT array_agg(r.stop_loss) FROM trade_revisions r WHERE r.trade_id = t.id)
FROM trades t JOIN instruments i ON i.id = t.instrument_id WHERE t.notes LIKE 'person %' ORDER BY t.id
"""
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
    logs = [path.read_text() for path in sorted(ground.folder.glob("scheduler-*.log"))]
    wrong += [f"slot dispatched twice: {slot}" for slot in dispatched_twice(logs)]
    wrong += ground.died
    wrong += standing(ground)
    if crowd is not None:
        wrong += crowd.unexpected
        wrong += people(ground, crowd)
    with psycopg.connect(ground.settings.database_url) as connection:
        trades, closes, events = connection.execute(_COUNTS).fetchone() or (0, 0, 0)
    return Books(trades, closes, events, wrong)


def standing(ground: Ground) -> Iterator[str]:
    """The orders that rested before the first minute, against their prints."""
    placed = ground.market.orders
    found = orders.rows(ground.settings)
    if len(found) != len(placed):
        yield f"{len(placed)} orders were placed, {len(found)} are in the books"
    for row in found:
        order = placed[row.number]
        expected = oracle.by_prints(order, ground.market.tapes[order.market, order.symbol])
        if row.outcome != expected:
            yield f"order {row.number} {order}: {row.outcome}, by its prints {expected}"
    for row in orders.wrong_profits(placed, found) if ground.market.end < FUNDED else ():
        yield f"order {row.number}: a profit of {row.profit_loss}"


def people(ground: Ground, crowd: Crowd) -> Iterator[str]:
    """What people opened, moved and closed: each told once, and what the prints make of it."""
    with psycopg.connect(ground.settings.database_url) as connection:
        rows = connection.execute(_PEOPLE).fetchall()
    by_number: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        by_number.setdefault(int(row[0].removeprefix("person ")), []).append(row)
    for told in crowd.told:
        found = by_number.get(told.number, [])
        ids = {row[1] for row in found}
        if len(found) > 1:
            yield f"person {told.number} has {len(found)} trades of one key"
        if told.trade_id is not None and told.trade_id not in ids:
            yield f"person {told.number} was told of trade {told.trade_id}, which is not there"
        if len({body for _, body in told.answers}) > 1:
            yield f"person {told.number} was given different answers for one key"
        for row in found:
            yield from _outcome(ground, told, row)


def _outcome(ground: Ground, told: Told, row: Sequence[Any]) -> Iterator[str]:
    (_, id_, market, symbol, long, quantity, leverage, stop, target, status, reason, *rest) = row
    entry, entered, price, at, by, ambiguous, stops = rest
    if reason != REASONS.get(status):
        yield f"trade {id_}: {status} for {reason}"
    if status == "CLOSED_MANUAL" and not any(code in (200, 202, 503) for code, _ in told.closings or [(503, "")]):
        yield f"trade {id_} was closed by hand, of which its owner was told otherwise: {told.closings}"
    if any(code == 200 for code, _ in told.closings) and status != "CLOSED_MANUAL":
        yield f"trade {id_}: its owner was told that it is closed, it is {status}"
    terms = Terms(market, long, entered, quantity, leverage, stop, target, "optimistic", *[Decimal(0)] * 2, entry=entry)
    tape = ground.market.tapes[market, symbol]
    first = bisect_left(tape, (milliseconds(entered.replace(second=0, microsecond=0)), Decimal(0)))
    prints = [(_time(ms), each) for ms, each in tape[first:]]
    closing = [SimpleNamespace(kind="close", at=at, bid=price, ask=price)] if status == "CLOSED_MANUAL" else []
    found = []
    agreed = False
    for edits in _edits(told, set(stops or ()), prints, ground.market.end):
        truth = judge(terms, prints, [*edits, *closing], ground.market.end)
        agreed = _agrees(truth, status, price, at, by)
        if agreed:
            break
        found.append((truth.status, truth.exit_price, str(truth.exit_time)))
    if not agreed or ambiguous:
        told_edits = [(str(edit[0]), str(edit[1]), str(edit[2]), edit[3]) for edit in told.edits]
        yield (
            f"trade {id_} {market} {symbol} long={long} from {entry} at {entered}, stop {stop}, target {target}, edits "
            f"{json.dumps(told_edits)}: {status} {price} {at} by {by} ambiguous={ambiguous}; by its prints {found[:4]}"
        )


def _edits(
    told: Told, stops: set[Decimal], prints: Sequence[tuple[datetime, Decimal]], end: datetime
) -> Iterator[list]:
    """Every list of edits that may have counted."""
    made = [edit for edit in told.edits if edit[0] in stops]
    if not made:
        yield []
        return
    stop, sent, answered, status = made[0]
    until = answered if status in (200, 202) else end
    yield [SimpleNamespace(kind="edit", at=sent, stop_loss=stop, targets=None)]
    for time, _ in prints:
        if sent <= time <= until:
            yield [SimpleNamespace(kind="edit", at=time + MS, stop_loss=stop, targets=None)]


def _agrees(truth: Truth, status: str, price: Decimal | None, at: datetime | None, by: str | None) -> bool:
    if (truth.status, truth.exit_price) != (status, price):
        return False
    return truth.exit_time is None or at in _told_times(truth.exit_time, by)


def _told_times(at: datetime, by: str | None) -> set[datetime]:
    """The times that an event at the print's instant `at` may be told with, by what decided it."""
    minute, second = at.replace(second=0, microsecond=0), at.replace(microsecond=0)
    return {
        "open": {minute},
        "bar": {minute + timedelta(minutes=1) - MS},
        "seconds": {second, second + timedelta(seconds=1) - MS},
    }.get(by or "", {at})


def _time(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
