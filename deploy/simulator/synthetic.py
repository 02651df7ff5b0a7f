"""The synthetic tape: prices as a pure function of (seed, symbol, time), reachable at any time without a past.

A day is drawn first; it is split into hours, those into minutes, those into seconds, and each second holds four
prints (its open, its two extremes, its close). Every bar is therefore exactly the aggregate of its prints.
Prices are integers, counted in ticks; times are epoch milliseconds.
"""

from collections.abc import Iterator
from math import exp
from typing import NamedTuple

from deploy.simulator.noise import EXPONENTIAL, MASK, NORMAL, mix
from deploy.simulator.split import Bars, Ohlc, merge, split

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
LENGTHS = (DAY, HOUR, MINUTE, SECOND)
DEPTH_OF_SECONDS = 3
PRINTS_PER_SECOND = 4
FIRST_PRINT_MS = 1_577_836_800_000
"""2020-01-01: print ids count from here, and no bar is older."""

_OCTAVES = ((1, 0.5), (4, 0.7), (16, 1.0))
"""Days between two free points, and their size in daily sigmas: a price wanders, and comes back over weeks."""
_CACHED_DAYS, _CACHED_HOURS, _CACHED_MINUTES = 8, 6, 3
_QUANTITIES = [1 + int(2 * value * value) for value in EXPONENTIAL[:1024]]
_QUANTITY_SUMS = [sum(_QUANTITIES[:i]) for i in range(1025)]


class Print(NamedTuple):
    """One traded price: id, epoch ms, price in ticks, quantity in steps, whether the buyer was the maker."""

    id: int
    time: int
    price: int
    quantity: int
    maker: bool


class Volume(NamedTuple):
    """Number of prints and their quantity in steps."""

    prints: int
    quantity: int


def offsets(second: int) -> tuple[int, int, int, int]:
    """When in its second (ms) each of the four prints happens. The first opens it: no bar is ever without a print."""
    jitter = (second * 0x9E3779B1 & 0xFFFFFFFF) >> 25
    return 0, 130 + jitter, 420 + jitter, 700 + jitter


class SyntheticTape:
    """The prints of one instrument.

    key      which path through the noise (equal keys make markets move together)
    price    the level in ticks that the price keeps near to
    sigma    standard deviation of the daily log return
    quantity steps traded by the smallest print
    """

    begin = FIRST_PRINT_MS
    end: int | None = None
    has_prints = True
    fills_gaps = True

    def __init__(self, key: int, price: int, sigma: float, quantity: int) -> None:
        self._key = key
        self._price = price
        self._sigma = sigma
        self._quantity = quantity
        self._days: dict[int, Bars] = {}
        self._hours: dict[int, Bars] = {}
        self._minutes: dict[int, Bars] = {}

    def day(self, day: int) -> Ohlc:
        """The bar of a day (days since the epoch)."""
        open_, close = self._level(day), self._level(day + 1)
        noise = mix(self._key, -day)
        up = 0.45 * self._sigma * EXPONENTIAL[noise & MASK]
        down = 0.45 * self._sigma * EXPONENTIAL[(noise >> 20) & MASK]
        high, low = int(max(open_, close) * (1 + up)), int(min(open_, close) / (1 + down))
        return Ohlc(open_, high, max(1, low), close)

    def _level(self, day: int) -> int:
        """The price at the start of a day."""
        shift = 0.0
        for period, size in _OCTAVES:
            point, rest = divmod(day, period)
            key = self._key + period
            before = NORMAL[mix(key, point) & MASK]
            after = NORMAL[mix(key, point + 1) & MASK]
            shift += size * (before + (after - before) * rest / period)
        return max(1, round(self._price * exp(max(-1.5, min(1.5, self._sigma * shift)))))

    def hours(self, day: int) -> Bars:
        """The 24 bars of a day."""
        bars = self._days.get(day)
        if bars is None:
            bars = self._compute_hours(day)
            _remember(self._days, day, bars, _CACHED_DAYS)
        return bars

    def minutes(self, hour: int) -> Bars:
        """The 60 bars of an hour (hours since the epoch)."""
        bars = self._hours.get(hour)
        if bars is None:
            bars = self._compute_minutes(hour)
            _remember(self._hours, hour, bars, _CACHED_HOURS)
        return bars

    def seconds(self, minute: int) -> Bars:
        """The 60 bars of a minute (minutes since the epoch)."""
        bars = self._minutes.get(minute)
        if bars is None:
            bars = self._compute_seconds(minute)
            _remember(self._minutes, minute, bars, _CACHED_MINUTES)
        return bars

    def _compute_hours(self, day: int) -> Bars:
        return split(self.day(day), 24, self._key + 101, day)

    def _compute_minutes(self, hour: int) -> Bars:
        return split(self.hours(hour // 24).bar(hour % 24), 60, self._key + 102, hour)

    def _compute_seconds(self, minute: int) -> Bars:
        return split(self.minutes(minute // 60).bar(minute % 60), 60, self._key + 103, minute)

    def _prices(self, second: int) -> tuple[int, int, int, int]:
        open_, high, low, close = self.seconds(second // 60).bar(second % 60)
        return (open_, low, high, close) if close >= open_ else (open_, high, low, close)

    def last(self, time: int) -> int:
        """The price of the newest print at or before `time`."""
        second, rest = divmod(time, SECOND)
        prices, when = self._prices(second), offsets(second)
        return prices[3 if rest >= when[3] else 2 if rest >= when[2] else 1 if rest >= when[1] else 0]

    def extent(self, start: int, end: int) -> Ohlc | None:
        """The bar over the prints in [start, end), None if there are none."""
        for depth in (2, 1, 0):  # bars asked for are nearly always minutes: look there first
            node = start // LENGTHS[depth]
            if end - start == LENGTHS[depth] and start == node * LENGTHS[depth]:
                return self._whole(depth, node)
            if end <= (node + 1) * LENGTHS[depth]:
                return self._within(depth, node, start, end)
        first, last = -(-start // DAY), end // DAY
        parts: list[Ohlc | None] = []
        if start < first * DAY:
            parts.append(self._within(0, first - 1, start, first * DAY))
        parts.extend(self.day(day) for day in range(first, last))
        if last * DAY < end:
            parts.append(self._within(0, last, last * DAY, end))
        return merge([part for part in parts if part is not None])

    def _whole(self, depth: int, node: int) -> Ohlc:
        """The bar of a day, an hour or a minute: known without looking inside it."""
        if depth == 0:
            return self.day(node)
        return self.hours(node // 24).bar(node % 24) if depth == 1 else self.minutes(node // 60).bar(node % 60)

    def _within(self, depth: int, node: int, start: int, end: int) -> Ohlc | None:
        """The bar over [start, end), which lies in one node (day, hour, minute, second) of the tree."""
        if depth == DEPTH_OF_SECONDS:
            return self._inside_second(node, start, end)
        length = LENGTHS[depth + 1]
        first, last = -(-start // length), end // length
        if first > last:
            return self._within(depth + 1, last, start, end)
        bars = (self.hours, self.minutes, self.seconds)[depth](node)
        base = node * (24 if depth == 0 else 60)
        parts: list[Ohlc | None] = []
        if start < first * length:
            parts.append(self._within(depth + 1, first - 1, start, first * length))
        if first < last:
            parts.append(bars.merged(first - base, last - base))
        if last * length < end:
            parts.append(self._within(depth + 1, last, last * length, end))
        return merge([part for part in parts if part is not None])

    def _inside_second(self, second: int, start: int, end: int) -> Ohlc | None:
        begin = second * SECOND
        inside = [
            price
            for price, offset in zip(self._prices(second), offsets(second), strict=True)
            if start <= begin + offset < end
        ]
        return Ohlc(inside[0], max(inside), min(inside), inside[-1]) if inside else None

    def prints(self, start: int, end: int) -> Iterator[Print]:
        """The prints in [start, end), ascending; ids are dense."""
        for second in range(start // SECOND, -(-end // SECOND)):
            quantity = self._quantity * _QUANTITIES[second & 1023]
            first = (second - FIRST_PRINT_MS // SECOND) * PRINTS_PER_SECOND
            for i, (price, offset) in enumerate(zip(self._prices(second), offsets(second), strict=True)):
                time = second * SECOND + offset
                if start <= time < end:
                    yield Print(first + i, time, price, quantity, bool((first + i) & 1))

    def holds_seconds(self, time: int) -> bool:
        """Whether anything finer than minutes is known then: always."""
        return True

    def volume(self, start: int, end: int) -> Volume:
        """What was traded in [start, end)."""
        first, last = self._traded_before(start), self._traded_before(end)
        return Volume(last.prints - first.prints, last.quantity - first.quantity)

    def first_id(self, time: int) -> int:
        """The id of the first print at or after `time`."""
        return self._traded_before(time).prints

    def _traded_before(self, time: int) -> Volume:
        second, rest = divmod(time, SECOND)
        inside = sum(offset < rest for offset in offsets(second))
        cycles, place = divmod(second, 1024)
        quantity = PRINTS_PER_SECOND * (cycles * _QUANTITY_SUMS[1024] + _QUANTITY_SUMS[place])
        quantity += inside * _QUANTITIES[place]
        return Volume((second - FIRST_PRINT_MS // SECOND) * PRINTS_PER_SECOND + inside, quantity * self._quantity)


def _remember(cache: dict[int, Bars], key: int, bars: Bars, size: int) -> None:
    if len(cache) >= size:
        del cache[next(iter(cache))]
    cache[key] = bars
