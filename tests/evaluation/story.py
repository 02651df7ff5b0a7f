"""What happens in a market and what people do there: tapes, wishes and commands, made by hypothesis."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from services.domain.command import Command, CommandKind
from services.domain.fills import FillModel, Slippage
from services.domain.market import Market
from services.domain.path import MINUTE, floor_minute
from services.domain.plan import Direction, Target
from tests.evaluation.desk import START
from tests.evaluation.tape import MS, Print, Tape

MINUTES = 8
PLACES = ((Market.SPOT, 0), (Market.FUTURES, 0), (Market.FUTURES, 1))
"""Markets and numbers of symbols: the first symbol is listed on both."""

SLIPPAGE = Slippage(half_spread=Decimal("0.0005"), average_range=Decimal("0.01"))
SPREAD = Decimal("0.25")


@dataclass(frozen=True)
class Order:
    """A command of a story: `at_once` when it is judged first and applied immediately if nothing is in question."""

    command: Command
    at_once: bool


@dataclass(frozen=True)
class Wish:
    place: int
    account: int
    direction: Direction
    at: datetime
    last: Decimal
    limit: Decimal | None
    stop: Decimal
    target: Decimal
    leverage: int
    model: FillModel
    orders: tuple[Order, ...]


@dataclass(frozen=True)
class Story:
    tapes: tuple[Tape, ...]
    wishes: tuple[Wish, ...]
    end: datetime = START + MINUTES * MINUTE


_gaps = st.one_of(st.integers(0, 15_000), st.sampled_from([-1, 0, 1, 60_000]))
_moves = st.sampled_from([-9, -3, -2, -1, -1, 0, 1, 1, 2, 3, 9])
_distances = st.integers(1, 8)


@st.composite
def tapes(draw: st.DrawFn, gone: bool) -> Tape:
    """A gap of -1 stands for: exactly at the next minute."""
    prints = [Print(START + draw(st.integers(0, 5_000)) * MS, Decimal(100))]
    for gap, move in draw(st.lists(st.tuples(_gaps, _moves), min_size=8, max_size=45)):
        time = prints[-1].time
        time = floor_minute(time) + MINUTE if gap < 0 else time + gap * MS
        if time >= START + MINUTES * MINUTE:
            break
        prints.append(Print(time, max(prints[-1].price + Decimal(move) / 2, Decimal(20))))
    minutes = st.sets(st.integers(0, MINUTES - 1).map(lambda number: START + number * MINUTE), max_size=4)
    if not gone:
        return Tape(prints)
    return Tape(prints, frozenset(draw(minutes)), frozenset(draw(minutes)))


@st.composite
def instants(draw: st.DrawFn, tape: Tape, after: datetime, before: datetime) -> datetime:
    """Any millisecond, with a liking for the instants of prints and of minutes."""
    span = (before - after) // MS
    liked = [each.time for each in tape.prints] + [START + number * MINUTE for number in range(MINUTES)]
    liked = [time for time in liked if after <= time < before]
    anywhere = st.integers(0, max(span - 1, 0)).map(lambda ms: after + ms * MS)
    return draw(st.one_of(anywhere, st.sampled_from(liked)) if liked else anywhere)


@st.composite
def wishes(draw: st.DrawFn, stories_tapes: tuple[Tape, ...]) -> Wish:
    place = draw(st.integers(0, len(PLACES) - 1))
    tape = stories_tapes[place]
    spot = PLACES[place][0] is Market.SPOT
    direction = Direction.LONG if spot else draw(st.sampled_from(Direction))
    at = draw(instants(tape, START, START + (MINUTES - 1) * MINUTE))
    last, sign = tape.last(at), direction.sign
    limit = None
    entry = last
    if draw(st.booleans()):
        limit = entry = last - sign * Decimal(draw(_distances)) / 2
    return Wish(
        place=place,
        account=draw(st.integers(0, 1)),
        direction=direction,
        at=at,
        last=last,
        limit=limit,
        stop=entry - sign * (SPREAD + Decimal(draw(_distances)) / 2),
        target=entry + sign * (2 * SPREAD + Decimal(draw(_distances)) / 2),
        leverage=1 if spot else draw(st.sampled_from([1, 5, 50])),
        model=draw(st.sampled_from(FillModel)),
        orders=draw(orders(tape, at, direction, limit)),
    )


@st.composite
def orders(
    draw: st.DrawFn, tape: Tape, opened: datetime, direction: Direction, limit: Decimal | None
) -> tuple[Order, ...]:
    """Up to two commands, more than a minute apart."""
    found: list[Order] = []
    after, end = opened, START + MINUTES * MINUTE
    for _ in range(draw(st.integers(0, 2))):
        if after >= end:
            break
        at = draw(instants(tape, after, end))
        kind = draw(st.sampled_from(CommandKind))
        last, sign = tape.last(at), direction.sign
        command = Command(kind=kind, at=at)
        if kind in (CommandKind.CLOSE, CommandKind.END):
            command = Command(kind=kind, at=at, bid=last, ask=last + SPREAD)
        elif kind is CommandKind.EDIT:
            # A resting limit keeps its stop and target on their sides, wherever the market is.
            low, high = min(last, limit or last), max(last, limit or last)
            stop_at, target_at = (low, high) if sign > 0 else (high, low)
            stop = stop_at - sign * Decimal(draw(_distances)) / 2
            target = target_at + sign * Decimal(draw(_distances)) / 2
            command = Command(kind=kind, at=at, stop_loss=stop, targets=(Target(target),))
        found.append(Order(command, draw(st.booleans())))
        after = at + timedelta(seconds=61)
    return tuple(found)


@st.composite
def stories(draw: st.DrawFn, gone: bool = False) -> Story:
    made = tuple(draw(tapes(gone)) for _ in PLACES)
    return Story(made, tuple(draw(st.lists(wishes(made), min_size=1, max_size=5))))
