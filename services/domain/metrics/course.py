"""What depends on the order of closed trades: streaks, the fall of the profit curve, time in the market.

Trades stand in the order of (exit_time, id). A `Course` sums up a stretch of them; the courses of two stretches, one
after the other, join into that of both without looking at the trades again (a monoid: `joined` is associative,
`EMPTY` changes nothing). So a course is kept a day, and a summary of any number of days joins the days.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.metrics.curve import FLAT, Curve, curve
from services.domain.metrics.streaks import NO_STREAKS, Streaks, streaks
from services.domain.metrics.tally import Closed

_MINUTE_SECONDS = 60


class Course(msgspec.Struct, frozen=True):
    """A stretch of closed trades.

    held  minutes of the epoch in which any of them was open, as disjoint ranges [begin, end), ascending
    """

    trades: int = 0
    wins: Streaks = NO_STREAKS
    losses: Streaks = NO_STREAKS
    curve: Curve = FLAT
    held: tuple[tuple[int, int], ...] = ()
    first_entry: datetime | None = None
    last_exit: datetime | None = None


EMPTY = Course()


def course(closed: Iterable[Closed]) -> Course:
    """The course of trades given in the order of (exit_time, id)."""
    trades = list(closed)
    if not trades:
        return EMPTY
    profits = [trade.profit_loss for trade in trades]
    return Course(
        trades=len(trades),
        wins=streaks(profit > 0 for profit in profits),
        losses=streaks(profit < 0 for profit in profits),
        curve=curve((trade.exit_time, trade.id, trade.profit_loss) for trade in trades),
        held=_union([(minute(trade.entry_time), minute(trade.exit_time) + 1) for trade in trades]),
        first_entry=min(trade.entry_time for trade in trades),
        last_exit=trades[-1].exit_time,
    )


def joined(courses: Iterable[Course]) -> Course:
    """The course of stretches that follow one another."""
    known = [each for each in courses if each.trades]
    if not known:
        return EMPTY
    wins, losses, whole = known[0].wins, known[0].losses, known[0].curve
    for each in known[1:]:
        wins, losses, whole = wins + each.wins, losses + each.losses, whole + each.curve
    return Course(
        trades=sum(each.trades for each in known),
        wins=wins,
        losses=losses,
        curve=whole,
        held=_union([span for each in known for span in each.held]),
        first_entry=min(each.first_entry for each in known if each.first_entry),
        last_exit=max(each.last_exit for each in known if each.last_exit),
    )


def minute(time: datetime) -> int:
    """The number of the minute that holds `time`, since 1970."""
    return int(time.timestamp()) // _MINUTE_SECONDS


def exposure_percent(whole: Course) -> Decimal | None:
    """Share of the time from the first entry to the last exit in which any trade was open, in percent.

    By minutes: one counts when a trade was open in any part of it (as "Exposure Time" of backtesting.py counts bars).
    """
    if whole.first_entry is None or whole.last_exit is None:
        return None
    open_minutes = sum(end - begin for begin, end in whole.held)
    all_minutes = minute(whole.last_exit) + 1 - minute(whole.first_entry)
    return (Decimal(100 * open_minutes) / all_minutes).quantize(Decimal("0.01"))


def _union(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    spans.sort()
    found: list[tuple[int, int]] = []
    begin, end = spans[0]
    for next_begin, next_end in spans:
        if next_begin <= end:
            end = max(end, next_end)
        else:
            found.append((begin, end))
            begin, end = next_begin, next_end
    found.append((begin, end))
    return tuple(found)
