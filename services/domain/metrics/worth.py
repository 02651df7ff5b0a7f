"""What accounts were worth day by day: what a day's return and a fall are measured against."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import accumulate

from services.domain.money import ZERO


class Worth:
    """Money that was there from the start, what came and went later by no trade, and all profit, by UTC day.

    What came or went counts from the beginning of its day, a profit from the end of its day.
    """

    def __init__(
        self, start: Decimal, moved: Mapping[date, Decimal] | None = None, profits: Mapping[date, Decimal] | None = None
    ) -> None:
        steps = [((day, False), amount) for day, amount in (moved or {}).items()]
        steps += [((day, True), profit) for day, profit in (profits or {}).items()]
        steps.sort()
        self._places = [place for place, _ in steps]
        self._levels = list(accumulate((amount for _, amount in steps), initial=start))

    def at(self, day: date) -> Decimal:
        """With what the day began."""
        return self._levels[bisect_right(self._places, (day, False))]

    def beneath(self, profits: Mapping[date, Decimal], day: date) -> Decimal:
        """What the curve of these `profits`, some or all of those that were made, stands on that day."""
        return self.at(day) - sum((profit for on, profit in profits.items() if on < day), ZERO)

    @property
    def last(self) -> Decimal:
        """What there is after all of it."""
        return self._levels[-1]
