"""Stretches of an overridden tape: prices set by hand, holds, and halts."""

from bisect import bisect_left
from typing import NamedTuple

from deploy.simulator.split import Ohlc

FOREVER = 1 << 60


class Ratio(NamedTuple):
    """What the tape's own prices are multiplied by, so that they go on from a price set by hand."""

    numerator: int
    denominator: int

    def price(self, ticks: int) -> int:
        """A price, moved. Monotone: the high of moved prices is the moved high."""
        return max(1, (2 * ticks * self.numerator + self.denominator) // (2 * self.denominator))

    def bar(self, bar: Ohlc | None) -> Ohlc | None:
        """A bar, moved."""
        return None if bar is None else Ohlc(*map(self.price, bar))


UNMOVED = Ratio(1, 1)


class Segment(NamedTuple):
    """The tape in [start, end) holds exactly these prints (epoch ms, ticks); afterwards it goes on from `level`.

    `silent`: trading is halted, there are no bars at all. Otherwise a bar without prints is flat.
    """

    start: int
    end: int
    times: tuple[int, ...]
    prices: tuple[int, ...]
    level: int
    ratio: Ratio = UNMOVED
    silent: bool = False

    def extent(self, start: int, end: int) -> Ohlc | None:
        """The bar over the prints in [start, end), None if there are none."""
        inside = self.prices[bisect_left(self.times, start) : bisect_left(self.times, end)]
        return Ohlc(inside[0], max(inside), min(inside), inside[-1]) if inside else None

    def last(self, time: int, before: int) -> int:
        """The price at `time`; `before` is the price at the segment's start."""
        index = bisect_left(self.times, time + 1)
        return self.prices[index - 1] if index else before

    def prints_between(self, start: int, end: int) -> int:
        """Number of prints in [start, end)."""
        return bisect_left(self.times, end) - bisect_left(self.times, start)

    def without(self, start: int, end: int) -> list["Segment"]:
        """What is left of this segment outside [start, end)."""
        left: list[Segment] = []
        cut, resume = bisect_left(self.times, start), bisect_left(self.times, end)
        if self.start < start:
            level = self.prices[cut - 1] if cut else self.level
            left.append(
                self._replace(end=min(self.end, start), times=self.times[:cut], prices=self.prices[:cut], level=level)
            )
        if end < self.end:
            left.append(
                self._replace(start=max(self.start, end), times=self.times[resume:], prices=self.prices[resume:])
            )
        return left
