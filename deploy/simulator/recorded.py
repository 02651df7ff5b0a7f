"""The recorded tape: one instrument's prices from dump files, read file by file as they are asked for.

Inside a minute the tape follows the recorded prints or one-second bars where there are any. Elsewhere it goes, at
even speed, open -> nearer extreme -> farther extreme -> close, so that the bar in progress and the quotes agree.
Prices and quantities are counted in units of 10^-8, times in epoch milliseconds.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar

from deploy.simulator.split import Ohlc, merge
from deploy.simulator.synthetic import MINUTE, SECOND, Print, Volume
from services.binance.dumps import DumpFile, Recording, read_klines, read_trades

PLACES = 8
UNIT = Decimal(1).scaleb(-PLACES)
_CACHED_FILES = 3
_Held = TypeVar("_Held")
_KNOTS = (0, 20_000, 40_000, MINUTE - 1)
"""When (ms) a minute without finer data is at its open, nearer extreme, farther extreme, close."""
_UNTOLD_TRADES = 60
"""Trades told of a minute whose file tells only that something was traded."""
_INSIDE_SECOND = (0, 250, 500, SECOND - 1)


class Minute(NamedTuple):
    """A recorded minute."""

    bar: Ohlc
    quantity: int
    trades: int


class Prints(NamedTuple):
    """Recorded prints, column by column; `ids` is empty where the prints were made from one-second bars."""

    times: list[int]
    prices: list[int]
    quantities: list[int]
    ids: list[int]
    makers: list[bool]


class Span(NamedTuple):
    """A file and the minutes it may hold: first .. after - 1."""

    first: int
    after: int
    file: DumpFile


class RecordedTape:
    """The recordings of one instrument (or of its mark price): minutes, and what is finer where it was recorded."""

    end: int | None = None
    fills_gaps = False

    def __init__(
        self,
        minutes: Recording | None,
        seconds: Recording | None = None,
        prints: Recording | None = None,
        *,
        grid: int = 1,
    ) -> None:
        self._grid = grid
        self._has_minutes = minutes is not None
        self._minutes = _spans(minutes or prints or seconds)
        self._seconds = _spans(seconds)
        self._prints = _spans(prints)
        self.has_prints = prints is not None
        self.begin = self._minutes[0].first * MINUTE
        self._minute_cache: dict[DumpFile, dict[int, Minute]] = {}
        self._print_cache: dict[DumpFile, Prints] = {}
        self._standing_still = (-1, 0)

    def holds_seconds(self, time: int) -> bool:
        """Whether something finer than minutes was recorded then."""
        return self._fine(time // MINUTE) is not None

    def last(self, time: int) -> int:
        """The price at `time`: that of the newest recorded moment, before the recording its first price."""
        number = time // MINUTE
        for _, minute in self._covered(number * MINUTE, time + 1):
            bar = self._inside(number, minute.bar, number * MINUTE, time + 1)
            if bar is not None:
                return bar.close
        if self._standing_still[0] != number:
            self._standing_still = (number, self._before(number))
        return self._standing_still[1]

    def extent(self, start: int, end: int) -> Ohlc | None:
        """The bar over the prints in [start, end), None if there are none."""
        parts = [self._inside(number, minute.bar, start, end) for number, minute in self._covered(start, end)]
        return merge([part for part in parts if part is not None])

    def volume(self, start: int, end: int) -> Volume:
        """What was traded in [start, end).

        Inside a minute of which nothing finer was recorded it comes evenly, the first print at its begin.
        """
        prints = quantity = 0
        for number, minute in self._covered(start, end):
            begin = number * MINUTE
            first, last = max(0, start - begin), min(MINUTE, end - begin)
            fine = self._fine(number) if last - first < MINUTE else None
            if fine is not None:
                inside = slice(bisect_left(fine.times, begin + first), bisect_left(fine.times, begin + last))
                prints += len(fine.times[inside])
                quantity += sum(fine.quantities[inside])
                continue
            prints += -(-minute.trades * last // MINUTE) + (-minute.trades * first // MINUTE)
            quantity += minute.quantity * last // MINUTE - minute.quantity * first // MINUTE
        return Volume(prints, quantity)

    def prints(self, start: int, end: int) -> Iterator[Print]:
        """The recorded prints in [start, end)."""
        for span in self._prints:
            if span.after * MINUTE <= start or span.first * MINUTE >= end:
                continue
            held = self._file_prints(span.file)
            for i in range(bisect_left(held.times, start), bisect_left(held.times, end)):
                yield Print(held.ids[i], held.times[i], held.prices[i], held.quantities[i], held.makers[i])

    def first_id(self, time: int) -> int:
        """The id of the first print at or after `time`; one more than the last one's after the recording."""
        number = 0
        for span in self._prints:
            held = self._file_prints(span.file)
            index = bisect_left(held.times, time)
            if index < len(held.ids):
                return held.ids[index]
            number = held.ids[-1] + 1 if held.ids else number
        return number

    def _inside(self, number: int, bar: Ohlc, start: int, end: int) -> Ohlc | None:
        """The part of a minute that lies in [start, end)."""
        begin = number * MINUTE
        if start <= begin and end >= begin + MINUTE:
            return bar
        fine = self._fine(number)
        if fine is not None:
            prices = fine.prices[bisect_left(fine.times, max(start, begin)) : bisect_left(fine.times, end)]
            return Ohlc(prices[0], max(prices), min(prices), prices[-1]) if prices else None
        first, last = max(0, start - begin), min(MINUTE, end - begin) - 1
        route = _route(bar)
        opened, closed = self._price_at(bar, route, first), self._price_at(bar, route, last)
        passed = [price for knot, price in zip(_KNOTS, route, strict=True) if first <= knot <= last]
        return Ohlc(opened, max(opened, closed, *passed), min(opened, closed, *passed), closed)

    def _price_at(self, bar: Ohlc, route: tuple[int, int, int, int], offset: int) -> int:
        """The price `offset` ms into a minute, on the grid. Rounding is monotone: no order of prices changes."""
        price = _at(route, offset)
        if offset in _KNOTS:
            return price
        return min(bar.high, max(bar.low, (price + self._grid // 2) // self._grid * self._grid))

    def _before(self, number: int) -> int:
        """The last recorded price before a minute; the first one of all if there is none."""
        for span in reversed(self._minutes):
            if span.first < number:
                minutes = self._file_minutes(span.file)
                earlier = max((held for held in minutes if held < number), default=None)
                if earlier is not None:
                    return minutes[earlier].bar.close
        for span in self._minutes:
            minutes = self._file_minutes(span.file)
            if minutes:
                return minutes[min(minutes)].bar.open
        return 1

    def _covered(self, start: int, end: int) -> Iterator[tuple[int, Minute]]:
        """The recorded minutes that touch [start, end), ascending."""
        first, after = start // MINUTE, -(-end // MINUTE)
        for span in self._minutes:
            if span.after <= first or span.first >= after:
                continue
            minutes = self._file_minutes(span.file)
            for number in range(max(first, span.first), min(after, span.after)):
                minute = minutes.get(number)
                if minute is not None:
                    yield number, minute

    def _fine(self, number: int) -> Prints | None:
        """The prints of a minute, None where the recording has nothing finer."""
        for span in (*self._prints, *self._seconds):
            if span.first <= number < span.after:
                held = self._file_prints(span.file)
                index = bisect_left(held.times, number * MINUTE)
                if index < len(held.times) and held.times[index] < (number + 1) * MINUTE:
                    return held
        return None

    def _file_minutes(self, file: DumpFile) -> dict[int, Minute]:
        held = self._minute_cache.get(file)
        if held is None:
            held = _read_minutes(file) if self._has_minutes else _gathered(self._file_prints(file))
            _remember(self._minute_cache, file, held)
        return held

    def _file_prints(self, file: DumpFile) -> Prints:
        held = self._print_cache.get(file)
        if held is None:
            is_prints = any(span.file is file for span in self._prints)
            held = _read_prints(file) if is_prints else _read_seconds(file)
            _remember(self._print_cache, file, held)
        return held


def milliseconds(time: datetime) -> int:
    """Epoch milliseconds of an aware time."""
    return round(time.timestamp() * 1000)


def _route(bar: Ohlc) -> tuple[int, int, int, int]:
    """The prices at the knots of a minute."""
    nearer_low = bar.open - bar.low <= bar.high - bar.open
    first, second = (bar.low, bar.high) if nearer_low else (bar.high, bar.low)
    return bar.open, first, second, bar.close


def _at(route: tuple[int, int, int, int], offset: int) -> int:
    """The price `offset` ms into a minute."""
    for i in range(3):
        if offset <= _KNOTS[i + 1]:
            span, done = _KNOTS[i + 1] - _KNOTS[i], offset - _KNOTS[i]
            return route[i] + (route[i + 1] - route[i]) * done // span
    return route[3]


def _spans(recording: Recording | None) -> list[Span]:
    files = recording.files if recording is not None else ()
    return [Span(milliseconds(file.start) // MINUTE, milliseconds(file.end) // MINUTE, file) for file in files]


def _units(value: Decimal) -> int:
    return int(value / UNIT)


def _read_minutes(file: DumpFile) -> dict[int, Minute]:
    return {
        milliseconds(kline.bar.open_time) // MINUTE: Minute(
            Ohlc(*map(_units, (kline.bar.open, kline.bar.high, kline.bar.low, kline.bar.close))),
            _units(kline.volume or Decimal(0)),
            _UNTOLD_TRADES * kline.is_traded if kline.trades is None else kline.trades,
        )
        for kline in read_klines(file, "1m")
    }


def _read_prints(file: DumpFile) -> Prints:
    held = Prints([], [], [], [], [])
    for trade in read_trades(file):
        held.times.append(milliseconds(trade.time))
        held.prices.append(_units(trade.price))
        held.quantities.append(_units(trade.quantity))
        held.ids.append(trade.id)
        held.makers.append(trade.buyer_is_maker)
    return held


def _read_seconds(file: DumpFile) -> Prints:
    held = Prints([], [], [], [], [])
    for kline in read_klines(file, "1s"):
        begin, bar = milliseconds(kline.bar.open_time), kline.bar
        route = _route(Ohlc(*map(_units, (bar.open, bar.high, bar.low, bar.close))))
        held.times.extend(begin + offset for offset in _INSIDE_SECOND)
        held.prices.extend(route)
        held.quantities.extend([_units(kline.volume or Decimal(0)) // 4] * 4)
    return held


def _gathered(prints: Prints) -> dict[int, Minute]:
    """Minutes made of prints, where only those were recorded."""
    minutes: dict[int, Minute] = {}
    index = 0
    while index < len(prints.times):
        number = prints.times[index] // MINUTE
        after = bisect_left(prints.times, (number + 1) * MINUTE)
        prices = prints.prices[index:after]
        bar = Ohlc(prices[0], max(prices), min(prices), prices[-1])
        minutes[number] = Minute(bar, sum(prints.quantities[index:after]), after - index)
        index = after
    return minutes


def _remember(cache: dict[DumpFile, _Held], file: DumpFile, held: _Held) -> None:
    if len(cache) >= _CACHED_FILES:
        del cache[next(iter(cache))]
    cache[file] = held
