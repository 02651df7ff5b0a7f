"""A line over time as inline SVG."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

WIDTH, HEIGHT = 960, 260
LEFT, RIGHT, TOP, BOTTOM = 80, 10, 10, 24
POINTS_MAX = 2000
"""More points than a screen has columns only make the file larger: of each stretch its extremes are kept."""


class Mark(msgspec.Struct, frozen=True):
    """A line of the grid: where it is, and what it says."""

    at: float
    text: str


class Chart(msgspec.Struct, frozen=True):
    """What the template draws: a path, and the area below it down to the base line at `base`."""

    line: str
    area: str
    base: float
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]


def chart(points: Sequence[tuple[datetime, Decimal]], base: Decimal) -> Chart | None:
    """The course of `points`, ascending in time, around `base`. None where there is no course."""
    if len(points) < 2:
        return None
    kept = _thinned(points)
    begin, end = kept[0][0], kept[-1][0]
    levels = [level for _, level in kept] + [base]
    low, high = min(levels), max(levels)
    span, height = max(end - begin, timedelta(minutes=1)), high - low or Decimal(1)

    def x(time: datetime) -> float:
        return round(LEFT + (time - begin) / span * (WIDTH - LEFT - RIGHT), 1)

    def y(level: Decimal) -> float:
        return round(TOP + float((high - level) / height) * (HEIGHT - TOP - BOTTOM), 1)

    # Equity steps at an exit and stays until the next one.
    steps = [f"M{x(begin)} {y(kept[0][1])}"]
    steps += [f"H{x(time)}V{y(level)}" for time, level in kept[1:]]
    line = "".join(steps)
    return Chart(
        line=line,
        area=f"{line}V{y(base)}H{x(begin)}Z",
        base=y(base),
        rows=tuple(Mark(y(low + height * n / 4), f"{low + height * n / 4:,.2f}") for n in range(5)),
        columns=tuple(Mark(x(begin + span * n / 4), f"{begin + span * n / 4:%Y-%m-%d}") for n in range(5)),
    )


def _thinned(points: Sequence[tuple[datetime, Decimal]]) -> list[tuple[datetime, Decimal]]:
    if len(points) <= POINTS_MAX:
        return list(points)
    size = -(-len(points) * 2 // POINTS_MAX)
    kept = [points[0]]
    for first in range(0, len(points), size):
        part = points[first : first + size]
        extremes = {min(part, key=lambda each: each[1]), max(part, key=lambda each: each[1])}
        kept += sorted(extremes)
    return [*kept, points[-1]]
