"""Kline intervals: where their bars begin and end."""

from datetime import UTC, datetime
from typing import Protocol

from deploy.simulator.synthetic import DAY, HOUR, MINUTE, SECOND

MONDAY_OFFSET = 4 * DAY
"""The epoch was a Thursday."""


class Interval(Protocol):
    """A way to cut time into bars. `shift` is the client's time zone in ms east of UTC."""

    def floor(self, time: int, shift: int) -> int:
        """The beginning of the bar that contains `time`."""
        ...

    def step(self, begin: int, count: int, shift: int) -> int:
        """The beginning of the bar `count` bars after the one that begins at `begin`."""
        ...


class Fixed:
    """Bars of equal length, counted from `origin`."""

    def __init__(self, length: int, origin: int = 0) -> None:
        self.length = length
        self.origin = origin

    def floor(self, time: int, shift: int) -> int:
        return time - (time + shift - self.origin) % self.length

    def step(self, begin: int, count: int, shift: int) -> int:
        return begin + count * self.length


class Month:
    """Calendar months."""

    def floor(self, time: int, shift: int) -> int:
        local = datetime.fromtimestamp((time + shift) // 1000, UTC)
        return _month_begin(local.year, local.month) - shift

    def step(self, begin: int, count: int, shift: int) -> int:
        local = datetime.fromtimestamp((begin + shift) // 1000, UTC)
        year, month = divmod(local.year * 12 + local.month - 1 + count, 12)
        return _month_begin(year, month + 1) - shift


def _month_begin(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000


_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_NAMES = ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d"]
SPOT_INTERVALS: dict[str, Interval] = {
    **{name: Fixed(int(name[:-1]) * _UNITS[name[-1]]) for name in _NAMES},
    "1w": Fixed(7 * DAY, MONDAY_OFFSET),
    "1M": Month(),
}
FUTURES_INTERVALS = {name: interval for name, interval in SPOT_INTERVALS.items() if name != "1s"}
