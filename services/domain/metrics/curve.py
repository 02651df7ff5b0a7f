"""The curve of cumulative profit over closed trades: its highest and lowest point, and its deepest fall."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from services.domain.money import ZERO


class Point(NamedTuple):
    """A place on the curve: the level after the trade that closed at `time`, counted from the stretch's begin."""

    level: Decimal
    time: datetime
    id: int

    def lifted(self, by: Decimal) -> "Point":
        """The same place where the curve begins `by` lower."""
        return self._replace(level=self.level + by)


class Fall(NamedTuple):
    """From a peak down to the lowest point after it."""

    peak: Point
    trough: Point

    @property
    def amount(self) -> Decimal:
        """How deep it is, in USDT."""
        return self.peak.level - self.trough.level


class Curve(msgspec.Struct, frozen=True):
    """A stretch of the curve. high and low are its first highest and first lowest point after a trade.

    `fall` is the deepest one between two of its points, the first of equal ones; None where it never falls.
    """

    total: Decimal = ZERO
    high: Point | None = None
    low: Point | None = None
    fall: Fall | None = None

    def __add__(self, later: "Curve") -> "Curve":
        """This stretch followed by `later`, whose levels count on from here."""
        if later.high is None or later.low is None:
            return self
        high, low = later.high.lifted(self.total), later.low.lifted(self.total)
        fall = later.fall and Fall(later.fall.peak.lifted(self.total), later.fall.trough.lifted(self.total))
        if self.high is None or self.low is None:
            return Curve(self.total + later.total, high, low, fall)
        across = Fall(self.high, low)
        falls = [each for each in (self.fall, across, fall) if each is not None and each.amount > 0]
        return Curve(
            total=self.total + later.total,
            high=high if high.level > self.high.level else self.high,
            low=low if low.level < self.low.level else self.low,
            fall=min(falls, key=_depth, default=None),
        )


FLAT = Curve()


def curve(profits: Iterable[tuple[datetime, int, Decimal]]) -> Curve:
    """The curve of (exit time, trade id, profit), in their order."""
    level = ZERO
    high = low = None
    fall: Fall | None = None
    for time, id_, profit in profits:
        level += profit
        if high is None or low is None:
            high = low = Point(level, time, id_)
        elif level > high.level:
            high = Point(level, time, id_)
        elif level < low.level:
            low = Point(level, time, id_)
        if high.level - level > (fall.peak.level - fall.trough.level if fall else 0):
            fall = Fall(high, Point(level, time, id_))
    return Curve(level, high, low, fall)


def _depth(fall: Fall) -> tuple[Decimal, datetime, int, datetime, int]:
    """Deepest first; of equal ones that which ends first, of those that which begins first."""
    return (-fall.amount, fall.trough.time, fall.trough.id, fall.peak.time, fall.peak.id)
