"""What a bar tells about the part of its tape that is still to be judged.

A bar gives four prices, not their order. Of the part of the tape that remains (after an entry, an edit or an
earlier event) it bounds the range that *may* have been traded and proves a range that *must* have been.
An event is certain when its barrier lies in the proven range, and impossible outside the possible one.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from services.domain.path import Bar

_INFINITY = Decimal("Infinity")


class Reach(msgspec.Struct, frozen=True, gc=False):
    """Possible and proven extremes of the remaining tape; `end` is its last price, None if unknown.

    `start` is a barrier that has just been touched: whatever stands there too is touched with it.
    """

    may_low: Decimal
    may_high: Decimal
    must_low: Decimal
    must_high: Decimal
    end: Decimal | None
    start: Decimal | None = None

    def after_fall_to(self, level: Decimal) -> "Reach":
        """The rest after the first fall to `level`: lower lows come after it, earlier highs prove nothing."""
        high = level if self.end is None else max(level, self.end)
        return Reach(self.may_low, self.may_high, min(self.must_low, level), high, self.end, level)

    def after_rise_to(self, level: Decimal) -> "Reach":
        """The rest after the first rise to `level`: higher highs come after it, earlier lows prove nothing."""
        low = level if self.end is None else min(level, self.end)
        return Reach(self.may_low, self.may_high, low, max(self.must_high, level), self.end, level)


def whole(bar: Bar) -> Reach:
    """The bar from its open to its close: both extremes are certain."""
    return Reach(bar.low, bar.high, bar.low, bar.high, bar.close)


def part_of(bar: Bar) -> Reach:
    """The bar from or up to an unknown point inside: nothing is certain, its last print may lie before that point."""
    return Reach(bar.low, bar.high, _INFINITY, -_INFINITY, None)


def after(bar: Bar, told: Sequence[Bar]) -> Reach:
    """The rest of the bar after the prints `told` from its beginning: extremes not yet told are still to come."""
    low = min(part.low for part in told)
    high = max(part.high for part in told)
    return Reach(
        may_low=bar.low,
        may_high=bar.high,
        must_low=bar.low if low > bar.low else _INFINITY,
        must_high=bar.high if high < bar.high else -_INFINITY,
        end=None,
    )
