"""A tape that can be overridden: everything the exchange answers about an instrument's prices is read from here."""

from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from deploy.simulator.segments import FOREVER, UNMOVED, Ratio, Segment
from deploy.simulator.split import Ohlc, merge
from deploy.simulator.synthetic import Print, Volume


class Source(Protocol):
    """Where unaltered prices come from: the synthetic model or a recording. Times are epoch ms, prices ticks."""

    begin: int
    """No bar is older."""
    end: int | None
    """The market stands still from here on; None: never."""
    has_prints: bool
    fills_gaps: bool
    """Whether a bar without prints is there, flat. Recordings have holes."""

    def extent(self, start: int, end: int) -> Ohlc | None: ...
    def last(self, time: int) -> int: ...
    def volume(self, start: int, end: int) -> Volume: ...
    def first_id(self, time: int) -> int: ...
    def holds_seconds(self, time: int) -> bool: ...
    def prints(self, start: int, end: int) -> Iterator[Print]: ...


class Tape:
    """A source with segments laid over it."""

    def __init__(self, source: Source, print_quantity: int = 1) -> None:
        self.source = source
        self.segments: list[Segment] = []
        self._print_quantity = print_quantity

    def override(self, times: tuple[int, ...], prices: tuple[int, ...]) -> None:
        """The tape from the first to the last print's time is these prints; then it goes on from the last price."""
        self._lay(Segment(times[0], times[-1] + 1, times, prices, prices[-1]))

    def forget_after(self, time: int) -> None:
        """Takes back what was laid over the tape after `time`. Halts stay."""
        self.segments = [
            part for old in self.segments for part in ([old] if old.silent else old.without(time, FOREVER))
        ]

    def halt(self, start: int) -> None:
        """No trading after `start`."""
        self._lay(Segment(start + 1, FOREVER, (), (), self.last(start), silent=True))

    def resume(self, time: int) -> None:
        """Ends the halt that covers `time`; the price goes on where it was."""
        open_ended = [item for item in self.segments if item.silent and item.end == FOREVER]
        self.segments = [item for item in self.segments if item not in open_ended]
        for segment in open_ended:
            self._lay(segment._replace(end=max(time, segment.start + 1)))

    def _lay(self, segment: Segment) -> None:
        kept = [part for old in self.segments for part in old.without(segment.start, segment.end)]
        if segment.end < FOREVER:
            segment = segment._replace(ratio=Ratio(segment.level, self.source.last(segment.end)))
        kept.append(segment)
        self.segments = sorted(kept)

    def last(self, time: int) -> int:
        """The price of the newest print at or before `time`."""
        if not self.segments:
            return self.source.last(time)
        ratio, previous_end, level = UNMOVED, -1, 0
        for segment in self.segments:
            if time < segment.start:
                break
            if time < segment.end:
                adjacent = previous_end == segment.start
                before = level if adjacent else ratio.price(self.source.last(segment.start - 1))
                return segment.last(time, before)
            ratio, previous_end, level = segment.ratio, segment.end, segment.level
        return ratio.price(self.source.last(time))

    def extent(self, start: int, end: int) -> Ohlc | None:
        """The bar over the prints in [start, end), None if there are none."""
        if not self.segments:
            return self.source.extent(start, end)
        parts: list[Ohlc | None] = []
        for ratio, segment, first, last in self._regions(start, end):
            if segment is not None:
                parts.append(segment.extent(first, last))
            else:
                parts.append(ratio.bar(self.source.extent(first, last)))
        return merge([part for part in parts if part is not None])

    def bar(self, start: int, end: int) -> Ohlc | None:
        """The bar over [start, end): flat where nothing was traded, None where trading was halted throughout."""
        found = self.extent(start, end)
        if found is not None or not self.source.fills_gaps or self.is_silent(start, end):
            return found
        price = self.last(start)
        return Ohlc(price, price, price, price)

    def is_silent(self, start: int, end: int) -> bool:
        """Whether there was no market at all in [start, end)."""
        return any(segment.silent and segment.start <= start and end <= segment.end for segment in self.segments)

    def volume(self, start: int, end: int) -> Volume:
        """What was traded in [start, end)."""
        if not self.segments:
            return self.source.volume(start, end)
        prints = quantity = 0
        for _, segment, first, last in self._regions(start, end):
            if segment is None:
                part = self.source.volume(first, last)
            else:
                count = segment.prints_between(first, last)
                part = Volume(count, count * self._print_quantity)
            prints, quantity = prints + part.prints, quantity + part.quantity
        return Volume(prints, quantity)

    def prints(self, start: int, end: int, limit: int) -> list[Print]:
        """At most `limit` prints from `start` on, before `end`; ids are dense over the whole tape."""
        found: list[Print] = []
        for ratio, segment, first, last in self._regions(start, end):
            wanted = islice(self._region_prints(ratio, segment, first, last), limit - len(found))
            found.extend(wanted)
            if len(found) >= limit:
                break
        return found

    def _region_prints(self, ratio: Ratio, segment: Segment | None, start: int, end: int) -> Iterator[Print]:
        shift = self._id_shift(start)
        if segment is None:
            for item in self.source.prints(start, end):
                yield item._replace(id=item.id + shift, price=ratio.price(item.price))
            return
        first = self.first_id(segment.start)
        for index, (time, price) in enumerate(zip(segment.times, segment.prices, strict=True)):
            if start <= time < end:
                yield Print(first + index, time, price, self._print_quantity, bool(index & 1))

    def first_id(self, time: int) -> int:
        """The id of the first print at or after `time`."""
        for segment in self.segments:
            if segment.start <= time < segment.end:
                before = self.source.first_id(segment.start) + self._id_shift(segment.start)
                return before + segment.prints_between(segment.start, time)
        return self.source.first_id(time) + self._id_shift(time)

    def time_of_id(self, number: int, newest: int) -> int:
        """The time of the print with that id, or of the first one after it; `newest` + 1 if there is none yet."""
        low, high = self.source.begin, newest + 1
        while low < high:
            middle = (low + high) // 2
            if self.first_id(middle + 1) <= number:
                low = middle + 1
            else:
                high = middle
        return low

    def _id_shift(self, time: int) -> int:
        """How far overridden stretches before `time` moved the ids of the source's prints."""
        return sum(
            len(segment.times) - (self.source.first_id(segment.end) - self.source.first_id(segment.start))
            for segment in self.segments
            if segment.end <= time
        )

    def _regions(self, start: int, end: int) -> Iterator[tuple[Ratio, Segment | None, int, int]]:
        """[start, end) cut at the segments: (ratio, None) is the moved source, (_, segment) that segment."""
        ratio = UNMOVED
        for segment in self.segments:
            if segment.start >= end:
                break
            if start < segment.start:
                yield ratio, None, start, segment.start
            if start < segment.end:
                yield ratio, segment, max(start, segment.start), min(end, segment.end)
            start, ratio = max(start, segment.end), segment.ratio
        if start < end:
            yield ratio, None, start, end
