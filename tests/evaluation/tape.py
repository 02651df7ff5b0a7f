"""A tape of prints, and everything an exchange derives from it: minute bars, the bar in progress, finer data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from services.domain.path import MINUTE, Bar, Finer, Path, Resolution, floor_minute

MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Print:
    time: datetime
    price: Decimal


@dataclass(frozen=True)
class Tape:
    """Prints, ascending. `no_prints` and `no_seconds` are minutes whose finer data is gone for good."""

    prints: Sequence[Print]
    no_prints: frozenset[datetime] = frozenset()
    no_seconds: frozenset[datetime] = frozenset()

    def last(self, at: datetime) -> Decimal:
        """The last price printed before `at`; the first one where nothing was."""
        before = [each.price for each in self.prints if each.time < at]
        return before[-1] if before else self.prints[0].price

    def path(self, instrument_id: int, start: datetime, end: datetime, tail_at: datetime | None = None) -> Path:
        """What a fetch of [start, end) brings, with the minute at `end` as far as it had come by `tail_at`."""
        minutes = (start + number * MINUTE for number in range((end - start) // MINUTE))
        bars = [self._bar(minute, MINUTE, minute + MINUTE) for minute in minutes]
        tail = None
        if tail_at is not None and end not in self.no_prints:
            tail = self._bar(end, MINUTE, tail_at)
        return Path(instrument_id, start, end, tuple(bar for bar in bars if bar), tail)

    def finer(self, minute: datetime, resolution: Resolution, now: datetime) -> Finer:
        """What the exchange answers at `now` about the inside of `minute`."""
        bars: list[Bar | None] = []
        if resolution is Resolution.PRINTS and minute not in self.no_prints:
            inside = [each for each in self.prints if floor_minute(each.time) == minute and each.time < now]
            bars = [Bar(each.time, each.time, *[each.price] * 4) for each in inside]
        elif resolution is Resolution.SECONDS and minute not in self.no_seconds:
            seconds = [minute + number * SECOND for number in range(60)]
            bars = [self._bar(second, SECOND, now) for second in seconds]
        found = tuple(bar for bar in bars if bar)
        return Finer(resolution, found, gone=not found)

    def _bar(self, start: datetime, length: timedelta, known_to: datetime) -> Bar | None:
        prices = [each.price for each in self.prints if start <= each.time < min(known_to, start + length)]
        if not prices:
            return None
        return Bar(start, start + length - MS, prices[0], max(prices), min(prices), prices[-1])
