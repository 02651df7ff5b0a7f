"""The price path: bars of traded prices, finer data inside a bar, and what a fetch covers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.errors import InvalidData

MINUTE = timedelta(minutes=1)


class Bar(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Traded prices of [open_time, close_time]: a minute, a second, or one print (open = high = low = close).

    Raises InvalidData from `checked` when the four prices contradict each other.
    """

    open_time: datetime
    close_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def checked(self) -> "Bar":
        """This bar, if its prices are positive, finite and consistent."""
        prices = (self.low, self.open, self.close, self.high)
        if not all(price.is_finite() for price in prices) or self.low <= 0:
            raise InvalidData(f"impossible prices in the bar of {self.open_time.isoformat()}")
        if not self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise InvalidData(f"inconsistent prices in the bar of {self.open_time.isoformat()}")
        return self


def print_bar(time: datetime, price: Decimal) -> Bar:
    """One traded price at one instant, as a bar without extent."""
    return Bar(time, time, price, price, price, price)


class Resolution(StrEnum):
    """How fine the data inside a minute is."""

    MINUTES = "minutes"
    """Inside bars of several minutes; nothing live is coarser than a minute."""
    SECONDS = "seconds"
    PRINTS = "prints"


class Finer(msgspec.Struct, frozen=True):
    """What is known inside one minute of one instrument.

    `bars` are ascending and cover the minute at `resolution`. `gone` means the exchange definitively keeps no
    (finer) data for that minute: a fact, never a passing failure. With `until` they cover the minute up to and
    including that instant: what came after it is not to be had.
    """

    resolution: Resolution
    bars: Sequence[Bar] = ()
    gone: bool = False
    until: datetime | None = None


class Path(msgspec.Struct, frozen=True):
    """One instrument's traded prices over [start, end): every bar, and the bar in progress if asked for.

    `start` and `end` are minute boundaries; coverage is of the request, so a halted pair has a covered path
    without bars. `tail` is the minute that starts at `end`, as far as it had come; `is_withheld` tells that there is
    one, which is not to be believed yet.

    `mark` are the bars of the mark price over the same span, and `mark_tail` that of the minute in progress, read
    after `tail`; None where nobody asked for them.
    """

    instrument_id: int
    start: datetime
    end: datetime
    bars: tuple[Bar, ...]
    tail: Bar | None = None
    is_withheld: bool = False
    mark: tuple[Bar, ...] | None = None
    mark_tail: Bar | None = None

    def until(self, end: datetime) -> "Path":
        """The path up to `end`, a minute boundary inside it, with the tails of the whole."""
        bars = tuple(bar for bar in self.bars if bar.open_time < end)
        mark = None if self.mark is None else tuple(bar for bar in self.mark if bar.open_time < end)
        return msgspec.structs.replace(self, end=end, bars=bars, mark=mark)

    def since(self, start: datetime) -> "Path":
        """The path from `start` on, a minute boundary inside it."""
        bars = tuple(bar for bar in self.bars if bar.open_time >= start)
        mark = None if self.mark is None else tuple(bar for bar in self.mark if bar.open_time >= start)
        return msgspec.structs.replace(self, start=start, bars=bars, mark=mark)


def floor_minute(time: datetime) -> datetime:
    """The minute boundary at or before `time`."""
    return time.replace(second=0, microsecond=0)


def ceil_minute(time: datetime) -> datetime:
    """The minute boundary at or after `time`."""
    floor = floor_minute(time)
    return floor if floor == time else floor + MINUTE
