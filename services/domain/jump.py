"""Jumps that no market makes in a minute: the bar that has one is believed only when it is told twice."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from services.domain.path import Bar

JUMP_FACTOR = Decimal(5)
"""Coins do fall by 80 % within an hour; a price five times away from the last one is a reason to ask again."""


def jumps(bars: Iterable[Bar], last_close: Decimal | None) -> Iterator[tuple[Decimal, Bar]]:
    """Each bar with a price more than JUMP_FACTOR above or below the close before it, and that close."""
    previous = last_close
    for bar in bars:
        if previous is not None and (bar.high > previous * JUMP_FACTOR or bar.low * JUMP_FACTOR < previous):
            yield previous, bar
        previous = bar.close
