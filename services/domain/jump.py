"""Jumps that no market makes in a minute: the bar that has one is believed only when it is told twice."""

from collections.abc import Iterable
from decimal import Decimal

from services.domain.path import Bar

JUMP_FACTOR = Decimal(5)
"""Coins do fall by 80 % within an hour; a price five times away from the last one is a reason to ask again."""


def first_jump(bars: Iterable[Bar], last_close: Decimal | None) -> Bar | None:
    """The first bar with a price more than JUMP_FACTOR above or below the close before it."""
    previous = last_close
    for bar in bars:
        if previous is not None and (bar.high > previous * JUMP_FACTOR or bar.low * JUMP_FACTOR < previous):
            return bar
        previous = bar.close
    return None
