"""What a seed says: tapes, what people do, and the order of everything else. The same seed, the same script."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from services.domain.command import Command, CommandKind
from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.path import MINUTE, floor_minute
from services.domain.plan import Direction, Target
from tests.evaluation.desk import START
from tests.evaluation.player import Deliver, Fetch, Op, Tick
from tests.evaluation.story import MINUTES, PLACES, SPREAD, Order, Story, Wish
from tests.evaluation.tape import MS, Print, Tape

MOVES = (-9, -3, -2, -1, -1, 0, 1, 1, 2, 3, 9)
GAPS = (-1, -1, 0, 1, 60_000)
"""Milliseconds between prints that are liked beside any; -1 stands for: exactly at the next minute."""


def story_of(seed: int) -> Story:
    """What happens in the market, and what people do there."""
    chance = Random(f"story {seed}")
    tapes = tuple(_tape(chance) for _ in PLACES)
    return Story(tapes, tuple(_wish(chance, tapes) for _ in range(chance.randint(1, 5))))


def schedule_of(seed: int) -> list[Op]:
    """How time passes, and how messages are made, repeated, lost, delivered out of order, and killed on the way."""
    chance = Random(f"schedule {seed}")
    return [_op(chance) for _ in range(chance.randint(4, 40))]


def _op(chance: Random) -> Op:
    kind = chance.randrange(5)
    if kind == 0:
        return Tick(chance.choice((60_000, 180_000)) if chance.random() < 0.4 else chance.randint(0, 20_000))
    if kind < 3:
        places = frozenset(place for place in range(len(PLACES)) if chance.random() < 0.6) or frozenset({0})
        return Fetch(
            places,
            chance.choice((1, 2, 3, 60)),
            chance.random() < 0.5,
            chance.choice((-3, -1, 0, 0, 0, 1)),
            chance.random() < 0.5,
        )
    return Deliver(
        chance.choice((0, 0, 1, 2, 5)),
        chance.choice((0.0, 0.0, 0.5, 1.0)),
        chance.random() < 0.5,
        chance.choice((None, None, None, 1, 2)),
    )


def _tape(chance: Random) -> Tape:
    prints = [Print(START + chance.randint(0, 5_000) * MS, Decimal(100))]
    for _ in range(chance.randint(8, 45)):
        gap = chance.choice(GAPS) if chance.random() < 0.3 else chance.randint(0, 15_000)
        time = prints[-1].time
        time = floor_minute(time) + MINUTE if gap < 0 else time + gap * MS
        if time >= START + MINUTES * MINUTE:
            break
        prints.append(Print(time, max(prints[-1].price + Decimal(chance.choice(MOVES)) / 2, Decimal(20))))
    return Tape(prints)


def _instant(chance: Random, tape: Tape, after: datetime, before: datetime) -> datetime:
    """Any millisecond of [after, before), with a liking for those of prints and of minutes."""
    liked = [each.time for each in tape.prints] + [START + number * MINUTE for number in range(MINUTES)]
    liked = [time for time in liked if after <= time < before]
    if liked and chance.random() < 0.5:
        return chance.choice(liked)
    return after + chance.randint(0, max((before - after) // MS - 1, 0)) * MS


def _wish(chance: Random, tapes: tuple[Tape, ...]) -> Wish:
    place = chance.randrange(len(PLACES))
    tape, spot = tapes[place], PLACES[place][0] is Market.SPOT
    direction = Direction.LONG if spot else chance.choice(list(Direction))
    at, sign = _instant(chance, tape, START, START + (MINUTES - 1) * MINUTE), direction.sign
    last = entry = tape.last(at)
    limit = None
    if chance.random() < 0.5:
        limit = entry = last - sign * Decimal(chance.randint(1, 8)) / 2
    return Wish(
        place=place,
        account=chance.randint(0, 1),
        direction=direction,
        at=at,
        last=last,
        limit=limit,
        stop=entry - sign * (SPREAD + Decimal(chance.randint(1, 8)) / 2),
        target=entry + sign * (2 * SPREAD + Decimal(chance.randint(1, 8)) / 2),
        leverage=1 if spot else chance.choice((1, 5, 50)),
        model=chance.choice(list(FillModel)),
        orders=_orders(chance, tape, at, sign, limit),
    )


def _orders(chance: Random, tape: Tape, opened: datetime, sign: int, limit: Decimal | None) -> tuple[Order, ...]:
    """Up to two commands, more than a minute apart."""
    found: list[Order] = []
    after, end = opened, START + MINUTES * MINUTE
    for _ in range(chance.randint(0, 2)):
        if after >= end:
            break
        at = _instant(chance, tape, after, end)
        found.append(Order(_command(chance, tape.last(at), at, sign, limit), chance.random() < 0.5))
        after = at + timedelta(seconds=61)
    return tuple(found)


def _command(chance: Random, last: Decimal, at: datetime, sign: int, limit: Decimal | None) -> Command:
    kind = chance.choice(list(CommandKind))
    if kind in (CommandKind.CLOSE, CommandKind.END):
        return Command(kind=kind, at=at, bid=last, ask=last + SPREAD)
    if kind is CommandKind.CANCEL:
        return Command(kind=kind, at=at)
    low, high = min(last, limit or last), max(last, limit or last)
    stop_at, target_at = (low, high) if sign > 0 else (high, low)
    stop = stop_at - sign * Decimal(chance.randint(1, 8)) / 2
    target = target_at + sign * Decimal(chance.randint(1, 8)) / 2
    return Command(kind=kind, at=at, stop_loss=stop, targets=(Target(target),))
