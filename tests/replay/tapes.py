"""Tapes of which every print is known: made-up walks, also in bursts and with a mark price, and the simulator's own."""

import random
from collections.abc import Callable
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from deploy.simulator.instruments import table
from deploy.simulator.listings import synthetic_instrument
from services.domain.market import Market
from tests.oracle.margined import Marks
from tests.oracle.money import FRACTION, average_ranges
from tests.oracle.plans import MINUTE
from tests.replay.desk import DAY, ms

MINUTES = 120
SECOND = 1000
STEP = Decimal("0.001")

Prints = list[tuple[int, int]]
"""(ms after DAY, ticks)."""
Prices = tuple[Decimal, Decimal, Decimal, Decimal]
"""Open, high, low and close in USDT."""


class Tape(NamedTuple):
    """`scale` is about a fifth of a minute's range, in ticks: plans are made in it.

    `marks` are the mark price's prints, `rates` the funding rates by ms after DAY at which they are settled.
    """

    tick: Decimal
    scale: int
    prints: Prints
    market: str = "FUTURES"
    marks: Marks = ()
    rates: tuple[tuple[int, Decimal], ...] = ()

    @property
    def opens(self) -> dict[int, int]:
        """The first print of each minute that has any."""
        return {time // MINUTE: price for time, price in reversed(self.prints)}

    def slippages(self) -> dict[int, Decimal]:
        """Of each minute, what a market order given at its open slips by, realistically: half a tick is half the
        spread, and a tenth of the average range of the minutes before."""
        bars = [(0, *bar) for _, bar in self.bars()]
        ranges = average_ranges(bars)
        return {
            minute: (self.tick / 2 / bar[0]).quantize(FRACTION) + ranges[number] / 10
            for number, (minute, bar) in enumerate(self.bars())
        }

    def bars(self, length: int = MINUTE, *, mark: bool = False) -> list[tuple[int, Prices]]:
        """Number, open, high, low and close of each bar of `length` ms that has any print."""
        found = []
        for number, group in groupby(self.marks if mark else self.prints, key=lambda each: each[0] // length):
            seen = [price for _, price in group]
            found.append((number, tuple(self.tick * each for each in (seen[0], max(seen), min(seen), seen[-1]))))
        return found

    def settled(self) -> list[tuple[int, Decimal]]:
        """What one unit of a LONG paid at each settlement, in USDT: the rate of the mark price of that moment."""
        opens = {minute: bar[0] for minute, bar in self.bars(mark=True)}
        return [(time // MINUTE * MINUTE, opens[time // MINUTE] * rate) for time, rate in self.rates]


def walk(chance: random.Random) -> Tape:
    """A walk in small steps with jumps, silent minutes, and a whole run of them."""
    return Tape(Decimal("0.1"), 1, _walked(chance, lambda: sorted(chance.sample(range(MINUTE), chance.randint(1, 12)))))


def bursts(chance: random.Random) -> Tape:
    """Such a walk on spot; often several prints fall into one second."""

    def offsets() -> list[int]:
        seconds = [chance.randrange(MINUTE // SECOND) * SECOND for _ in range(chance.randint(1, 5))]
        return sorted({second + chance.randrange(SECOND) for second in seconds for _ in range(chance.randint(1, 4))})

    return Tape(Decimal("0.1"), 1, _walked(chance, offsets), "SPOT")


def leveraged(chance: random.Random) -> Tape:
    """Such a walk with a mark price near it, which now and then goes far ahead of it for a while, and funding.

    Settlements come up to some ms after their minute's begin, in which also a print may lie, or none for long.
    """
    tape = walk(chance)
    prints, marks, away, last = iter(tape.prints), [], Decimal(0), tape.prints[0]
    following = next(prints, None)
    for time in range(0, MINUTES * MINUTE, 10 * SECOND):
        while following is not None and following[0] <= time:
            last, following = following, next(prints, None)
        away = max(Decimal(-15), min(Decimal(15), away + chance.choice((-1, 0, 1)) * Decimal("0.25")))
        if chance.random() < 0.02:
            away = Decimal(chance.randint(-15, 15))
        shifted = time if time % MINUTE == 0 else time + chance.randrange(9 * SECOND)
        marks.append((shifted, last[1] + away))
    times = (minute * MINUTE + chance.randint(0, 7) for minute in range(7, MINUTES, 9))
    rates = tuple((time, Decimal(chance.randint(-20, 20)) / 1000) for time in times)
    return tape._replace(marks=marks, rates=rates)


def _walked(chance: random.Random, offsets: Callable[[], list[int]]) -> Prints:
    """Prints at `offsets` inside each minute that is not silent."""
    ticks, prints = 1000, []
    for minute in range(MINUTES):
        if chance.random() < 0.1 or 50 <= minute < 55:
            continue
        for offset in offsets():
            ticks = max(500, ticks + (chance.randint(-15, 15) if chance.random() < 0.03 else chance.randint(-3, 3)))
            prints.append((minute * MINUTE + offset, ticks))
    return prints


def simulated(symbol: str, market: Market = Market.FUTURES, seed: int = 7) -> Tape:
    """Two hours of a pair of the simulator, every print of them."""
    row = next(row for row in table() if row.market is market and row.symbol == symbol)
    told = synthetic_instrument(seed, row).tape.prints(ms(DAY), ms(DAY) + MINUTES * MINUTE, 10**6)
    prints = [(each.time - ms(DAY), each.price) for each in told]
    tape = Tape(row.tick, 1, prints, market)
    ranges = sorted((high - low) / row.tick for _, (_, high, low, _) in tape.bars())
    return tape._replace(scale=max(1, int(ranges[len(ranges) // 2] / 5)))
