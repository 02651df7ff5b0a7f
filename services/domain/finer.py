"""Whether finer data fits the bar it was asked for: what does not is no proof of anything inside the minute."""

from services.domain.jump import jumps
from services.domain.path import Bar, Finer


def is_whole(known: Finer, bar: Bar) -> bool:
    """Whether it begins, ends and reaches as the closed `bar` does: else some is missing, and with it an order."""
    parts = known.bars
    if not parts or (parts[0].open, parts[-1].close) != (bar.open, bar.close):
        return False
    return min(part.low for part in parts) == bar.low and max(part.high for part in parts) == bar.high


def begins(known: Finer, bar: Bar) -> bool:
    """Whether it can be of the minute in progress `bar`, later than which it was asked for: begun alike, no jumps."""
    parts = known.bars
    return bool(parts) and parts[0].open == bar.open and not any(jumps(parts, bar.open))
