"""The longest run of trades that hold a condition, joinable over stretches."""

from collections.abc import Iterable

import msgspec


class Streaks(msgspec.Struct, frozen=True):
    """Runs in a stretch of `length` trades: the one it begins with, the one it ends with, and the longest."""

    length: int = 0
    first: int = 0
    last: int = 0
    longest: int = 0

    def __add__(self, later: "Streaks") -> "Streaks":
        """The runs of this stretch followed by `later`: the last run of one and the first of the other join."""
        return Streaks(
            length=self.length + later.length,
            first=self.first if self.first < self.length else self.length + later.first,
            last=later.last if later.last < later.length else later.length + self.last,
            longest=max(self.longest, later.longest, self.last + later.first),
        )


NO_STREAKS = Streaks()


def streaks(holds: Iterable[bool]) -> Streaks:
    """The runs of true values."""
    length = first = run = longest = 0
    for value in holds:
        run = run + 1 if value else 0
        if run > longest:  # not max(): this is done for every trade of every filter
            longest = run
        if run > length:  # nothing but true values so far
            first = run
        length += 1
    return Streaks(length, first, run, longest)
