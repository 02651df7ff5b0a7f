"""What the rest of a bar does next to a trade: what every tape consistent with it agrees on, or the worst of them."""

from enum import Enum

from services.domain.barriers import barriers
from services.domain.reach import Reach
from services.domain.trade import Trade, TradeStatus


class Undecided(Exception):
    """Tapes consistent with the bar disagree on what happens next."""


class Next(Enum):
    """What the rest of a bar does next to a trade."""

    NOTHING = 0
    FALL = 1
    RISE = 2


def next_event(trade: Trade, rest: Reach) -> Next:
    """The event every tape agrees on; raises Undecided where they differ."""
    wall = barriers(trade)
    if rest.start is not None and rest.start == wall.lower:
        return Next.FALL
    if rest.start is not None and rest.start == wall.upper:
        return Next.RISE
    falls = wall.lower is not None and rest.may_low <= wall.lower
    rises = wall.upper is not None and rest.may_high >= wall.upper
    if falls and rises:
        raise Undecided
    if falls:
        if wall.lower is not None and rest.must_low > wall.lower:
            raise Undecided
        return Next.FALL
    if rises:
        if wall.upper is not None and rest.must_high < wall.upper:
            raise Undecided
        return Next.RISE
    return Next.NOTHING


def adverse_event(trade: Trade, rest: Reach) -> Next:
    """The worst of what may have happened: the stop where it can have been touched, else nothing gained.

    For a pending entry: filled if its stop can have been touched too, else not filled, and cancelled where a touch
    of its target that is certain does that.
    """
    long, stop = trade.is_long, trade.stop.price
    if rest.may_low <= stop if long else rest.may_high >= stop:
        return Next.FALL if long else Next.RISE
    if trade.status is TradeStatus.PENDING and trade.plan.rules.cancel_on_target:
        target = trade.plan.targets[0].price
        if rest.must_high >= target if long else rest.must_low <= target:
            return Next.RISE if long else Next.FALL
    return Next.NOTHING
