"""What must become of a leveraged position when every mark price is known too, each at its own instant.

Two instants are agreed upon, as for any other trade: a minute's first print of either price counts at the minute's
begin, the mark price before the last one.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import Decimal

from tests.oracle.plans import Plan, Truth

Marks = Sequence[tuple[int, Decimal]]
"""Time in ms and price in ticks, ascending; the first of each minute at its begin."""


class Margined(Truth):
    """`level` tells the mark price, in ticks, at which a position of so many steps is liquidated; None: at none."""

    def __init__(self, plan: Plan, start: int, marks: Marks, level: Callable[[int], Decimal | None]) -> None:
        self._marks, self._next = marks, bisect_left(marks, start, key=lambda mark: mark[0])
        self._liquidated_at, self._of, self._known = level, 0, None
        super().__init__(plan, start)

    def _meanwhile(self, until: int) -> None:
        """The mark price comes to `until`; it ends what it reaches."""
        marks = self._marks
        while self._next < len(marks) and marks[self._next][0] <= until:
            time, price = marks[self._next]
            self._next += 1
            self._hold_against(price, time)

    def _entered(self) -> None:
        """What a limit enters while the mark price is beyond its liquidation ends at once."""
        super()._entered()
        if self.plan.limit is not None and self._next > 0:
            assert self.entered_at is not None
            self._hold_against(self._marks[self._next - 1][1], self.entered_at)

    def _hold_against(self, mark: Decimal, time: int) -> None:
        if self.status != "OPEN":
            return
        if self._of != self.left:
            self._of, self._known = self.left, self._liquidated_at(self.left)
        sign = self.plan.sign
        if self._known is not None and sign * mark <= sign * self._known:
            self._leave("liquidation", time, 0, self.left)
