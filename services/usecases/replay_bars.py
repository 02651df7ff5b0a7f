"""Bars of several lengths beside each other: put together, minutes in their place, the mark price along."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from services.binance import convert
from services.domain.path import MINUTE, Bar


def end_of(bar: Bar) -> datetime:
    """Where the next bar begins."""
    return bar.close_time + convert.MILLISECOND


def begin_of(time: datetime, length: timedelta) -> datetime:
    """Where the bar of `length` begins that holds `time`."""
    return time - (time - convert.EPOCH) % length


def minutes_in(bar: Bar) -> int:
    """How many minutes long it is, at least one."""
    return max(1, (end_of(bar) - bar.open_time) // MINUTE)


def holding(opens: Sequence[datetime], bars: Sequence[Bar], time: datetime) -> Bar | None:
    """The bar that holds `time`; None where there is none."""
    index = bisect_right(opens, time) - 1
    return bars[index] if index >= 0 and time <= bars[index].close_time else None


def merged(bars: Iterable[Bar], length: timedelta) -> Iterator[Bar]:
    """Bars put together into bars of `length`, aligned to it; ascending in, ascending out."""
    if length == MINUTE:
        yield from bars
        return
    for begin, group in groupby(bars, key=lambda bar: begin_of(bar.open_time, length)):
        yield _one(begin, length, tuple(group))


def in_their_place(bars: Sequence[Bar], minutes: Sequence[Bar]) -> list[Bar]:
    """`bars`, with its minutes in place of each that they make up: their extremes are its extremes."""
    found: list[Bar] = []
    opens = [minute.open_time for minute in minutes]
    for bar in bars:
        inside = minutes[bisect_left(opens, bar.open_time) : bisect_right(opens, bar.close_time)]
        is_whole = bool(inside) and (
            min(minute.low for minute in inside) <= bar.low and max(minute.high for minute in inside) >= bar.high
        )
        found += inside if is_whole else [bar]
    return found


def beside(marks: Iterable[Bar], bars: Sequence[Bar], length: timedelta) -> tuple[Bar, ...]:
    """The mark price's bars, put together where a bar of the last price is `length` long, to be judged with it."""
    long = {bar.open_time for bar in bars if minutes_in(bar) > 1}

    def beginning(mark: Bar) -> datetime:
        begin = begin_of(mark.open_time, length)
        return begin if begin in long else mark.open_time

    return tuple(
        _one(begin, length, tuple(group)) if begin in long else next(group)
        for begin, group in groupby(marks, key=beginning)
    )


class Along:
    """Bars of a second recording, read along with the first."""

    def __init__(self, bars: Iterator[Bar]) -> None:
        self._bars = bars
        self._next: Bar | None = None

    def of(self, start: datetime, end: datetime) -> list[Bar]:
        """Those that open in [start, end). Spans are asked for in order."""
        found = []
        bar = self._next or next(self._bars, None)
        while bar is not None and bar.open_time < end:
            if bar.open_time >= start:
                found.append(bar)
            bar = next(self._bars, None)
        self._next = bar
        return found


def _one(begin: datetime, length: timedelta, bars: Sequence[Bar]) -> Bar:
    return Bar(
        begin,
        begin + length - convert.MILLISECOND,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
    )
