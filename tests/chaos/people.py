"""What people opened, moved and closed, against what they were told and against the price script.

What must have become of a trade is found by an oracle that shares no code with the product. What is between people and
the fleet is known less exactly: a price that somebody paid must have been quoted between the oldest quote that counts
and the answer; where only the fleet knows the instant of an edit, every one between sending and answer is tried.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg.rows import class_row

from deploy.simulator.instruments import table
from services.settings import Settings
from tests.chaos.crowd import Asked, Told
from tests.chaos.ground import FUNDED, Ground
from tests.evaluation.oracle import MS, Terms, Truth, judge, told_times
from tests.fleet.tape import Prints, milliseconds, moment

REASONS = {"CLOSED_TP": "take_profit", "CLOSED_SL": "stop_loss", "CLOSED_MANUAL": "manual", "CANCELLED": "cancelled"}
SPREADS = {(row.market.value, row.symbol): row.tick * row.spread_ticks for row in table()}
"""Bid or ask is the last price, and the other one so far away."""
ASKING_SECONDS = 1
"""Of ours, between the look at a quote's age and what it is used for, clocks' errors included."""
LATE_SECONDS = 5
"""Of ours, by which the fleet's idea of the exchange's time may lag: as long as an answer about it is under way."""
LEEWAY = timedelta(minutes=2)
"""An end is told with a time of its minute."""
_TRADES = """
SELECT substr(t.notes, 8)::int AS number, t.id, i.market, i.symbol, t.direction = 'LONG' AS long, t.quantity,
    t.leverage, t.initial_stop AS stop, (t.targets -> 0 ->> 'price')::numeric AS target, t.status,
    t.exit_reason AS reason, t.entry_price AS entry, t.entry_time AS entered, t.exit_price AS price, t.exit_time AS at,
    (SELECT x.evidence ->> 'decided_by' FROM trade_exits x WHERE x.trade_id = t.id AND x.part = 1) AS by, t.ambiguous,
    (SELECT array_agg(r.stop_loss) FROM trade_revisions r WHERE r.trade_id = t.id) AS stops,
    (SELECT json_object_agg(l.kind, l.amount::text) FROM ledger l WHERE l.trade_id = t.id) AS booked
FROM trades t JOIN instruments i ON i.id = t.instrument_id
WHERE t.notes LIKE 'person %%' AND (%(ids)s::bigint[] IS NULL OR t.id = ANY(%(ids)s)) ORDER BY t.id
"""


class Row(NamedTuple):
    """One person's trade as the database holds it; `by` is what decided its exit."""

    number: int
    id: int
    market: str
    symbol: str
    long: bool
    quantity: Decimal
    leverage: int
    stop: Decimal
    target: Decimal
    status: str
    reason: str | None
    entry: Decimal
    entered: datetime
    price: Decimal | None
    at: datetime | None
    by: str | None
    ambiguous: bool
    stops: list[Decimal] | None
    booked: dict[str, str] | None


class _Said(msgspec.Struct):
    """What an answer says of a new trade."""

    id: int
    entry_price: Decimal
    entry_time: datetime
    quantity: Decimal


_SAID = msgspec.json.Decoder(_Said)


def people(ground: Ground, everything: Sequence[Told]) -> Iterator[str]:
    """Whatever is not as people were told or as the prints make it; every trade is somebody's, and nobody's is lost."""
    by_number: dict[int, list[Row]] = {told.number: [] for told in everything}
    for row in rows(ground.settings):
        if row.number not in by_number:
            yield f"trade {row.id} is nobody's: there is no person {row.number}"
        by_number.setdefault(row.number, []).append(row)
    for told in everything:
        found = by_number[told.number]
        if len(found) > 1:
            yield f"person {told.number} has {len(found)} trades of one key"
        if told.trade_id is not None and told.trade_id not in {row.id for row in found}:
            yield f"person {told.number} was told of trade {told.trade_id}, which is not there"
        if len({body for _, body in told.answers}) > 1:
            yield f"person {told.number} was given different answers for one key"
        for row in found:
            yield from otherwise(ground, told, row)


def rows(settings: Settings, ids: Iterable[int] | None = None) -> list[Row]:
    """Every trade of people, or those among `ids`."""
    with psycopg.connect(settings.database_url, row_factory=class_row(Row)) as connection:
        return connection.execute(_TRADES, {"ids": None if ids is None else list(ids)}).fetchall()


def otherwise(ground: Ground, told: Told, row: Row) -> Iterator[str]:
    """What of one trade is not as its owner was told or as the prints make it."""
    for wrong in (*_opening(ground, told, row), *_edits(told, row), *_closing(ground, told, row)):
        yield f"trade {row.id} of person {told.number}: {wrong}"
    yield from _outcome(ground, told, row)


def _opening(ground: Ground, told: Told, row: Row) -> Iterator[str]:
    opening = Asked(told.sent, told.answered or ground.market.end, 0 if told.answered is None else 201)
    if not _in_time(ground, opening, row.entered):
        yield f"entered at {row.entered}, asked for between {opening.sent} and {opening.answered}"
    if row.entry not in _quoted(ground, opening, row, buying=row.long):
        yield f"entered at {row.entry}, which was no quote between {opening.sent} and {opening.answered}"
    for _, body in told.answers[:1]:
        said = _SAID.decode(body)
        if said != _Said(row.id, row.entry, row.entered, row.quantity):
            yield f"its owner was told of {said}"


def _edits(told: Told, row: Row) -> Iterator[str]:
    stops = {row.stop, *(row.stops or ())}
    for stop in stops - {row.stop} - {edit.stop for edit in told.edits if edit.may_count}:
        yield f"its stop came to stand at {stop}, which nobody asked for with success: {told.edits}"
    for edit in told.edits:
        if edit.stop in stops or edit.status not in (200, 202):
            continue
        if edit.status == 200 or not _had_ended(row, edit):
            yield f"an edit of its stop to {edit.stop}, answered {edit.status}, is lost"


def _closing(ground: Ground, told: Told, row: Row) -> Iterator[str]:
    if row.reason != REASONS.get(row.status):
        yield f"{row.status} for {row.reason}"
    for closing in told.closings:
        if row.status == "CLOSED_MANUAL" or closing.status not in (200, 202):
            continue
        if closing.status == 200 or not _had_ended(row, closing):
            yield f"a close answered {closing.status} is lost: it is {row.status}, at {row.at}"
    if row.status != "CLOSED_MANUAL" or row.at is None:
        return
    possible = [each for each in told.closings if each.may_count]
    if not possible:
        yield f"closed by hand, of which its owner was told otherwise: {told.closings}"
    elif not any(_in_time(ground, each, row.at) for each in possible):
        yield f"closed by hand at {row.at}, asked for by {possible}"
    elif not any(row.price in _quoted(ground, each, row, buying=not row.long) for each in possible):
        yield f"closed by hand at {row.price}, which was no quote then: {possible}"


def _had_ended(row: Row, asked: Asked) -> bool:
    """Whether the path can have ended the trade before what was accepted became due."""
    return row.at is not None and row.at <= asked.answered


def _in_time(ground: Ground, asked: Asked, at: datetime) -> bool:
    late = timedelta(seconds=LATE_SECONDS * ground.scale.speed)
    return asked.sent - late <= at <= asked.latest(ground.market.end)


def _quoted(ground: Ground, asked: Asked, row: Row, *, buying: bool) -> set[Decimal]:
    """Every ask (bid, where somebody sells) that the exchange can have told and that was not too old yet."""
    age = float(ground.settings.quote_max_age_seconds) + ASKING_SECONDS
    since = milliseconds(asked.sent - timedelta(seconds=age * ground.scale.speed))
    until = milliseconds(asked.latest(ground.market.end))
    tape, spread = ground.market.tapes[row.market, row.symbol], SPREADS[row.market, row.symbol]
    last = {price for _, price in _in_force(tape, since, until)}
    return last | {price + (spread if buying else -spread) for price in last}


def _in_force(tape: Prints, since: int, until: int) -> Prints:
    """The prints between two instants, and the one before them."""
    first = bisect_right(tape, (since, Decimal("Infinity"))) - 1
    return tape[max(first, 0) : bisect_right(tape, (until, Decimal("Infinity")))]


def _outcome(ground: Ground, told: Told, row: Row) -> Iterator[str]:
    terms = Terms(
        market=row.market,
        long=row.long,
        at=row.entered,
        quantity=row.quantity,
        leverage=row.leverage,
        stop=row.stop,
        target=row.target,
        model="optimistic",
        half_spread=Decimal(0),
        average_range=Decimal(0),
        entry=row.entry,
    )
    tape = ground.market.tapes[row.market, row.symbol]
    first = bisect_left(tape, (milliseconds(row.entered.replace(second=0, microsecond=0)), Decimal(0)))
    # Whatever has not ended the trade by its end there is told as well.
    last = None if row.at is None else bisect_left(tape, (milliseconds(row.at + LEEWAY), Decimal(0)))
    prints = [(moment(ms), each) for ms, each in tape[first:last]]
    closing = []
    if row.status == "CLOSED_MANUAL":
        closing = [SimpleNamespace(kind="close", at=row.at, bid=row.price, ask=row.price)]
    found = []
    late = timedelta(seconds=LATE_SECONDS * ground.scale.speed)
    for edits in _courses(told, set(row.stops or ()), prints, late, ground.market.end):
        truth = judge(terms, prints, [*edits, *closing], ground.market.end)
        if _agrees(truth, row, funded=ground.market.end >= FUNDED):
            break
        found.append((truth.status, truth.exit_price, str(truth.exit_time), truth.amounts))
    else:
        yield f"{row}, edits {json.dumps(told.edits, default=str)}; by its prints {found[:4]}"
    if row.ambiguous:
        yield f"trade {row.id} is ambiguous"


def _courses(
    told: Told, stops: set[Decimal], prints: Sequence[tuple[datetime, Decimal]], late: timedelta, end: datetime
) -> Iterator[list[Any]]:
    """Every list of edits that may have counted; `late` is by how much the fleet's idea of the time may lag."""
    made = [edit for edit in told.edits if edit.stop in stops]
    if not made:
        yield []
        return
    edit = made[0]
    yield [SimpleNamespace(kind="edit", at=edit.sent, stop_loss=edit.stop, targets=None)]
    for time, _ in prints:
        if edit.sent - late <= time <= edit.latest(end):
            yield [SimpleNamespace(kind="edit", at=time + MS, stop_loss=edit.stop, targets=None)]


def _agrees(truth: Truth, row: Row, *, funded: bool) -> bool:
    booked = {kind: Decimal(amount) for kind, amount in (row.booked or {}).items()}
    if (truth.status, truth.exit_price) != (row.status, row.price) or (booked != truth.amounts and not funded):
        return False
    return truth.exit_time is None or row.at in told_times(truth.exit_time, row.by or "")
