"""The mark price: the last price with half of every minute's wicks cut off."""

from collections.abc import Iterator

from deploy.simulator.split import Bars, Ohlc
from deploy.simulator.synthetic import Print, SyntheticTape, Volume


class MarkTape(SyntheticTape):
    """Follows a synthetic tape inside the bodies of its minutes and half of their wicks.

    Cutting keeps the order of prices, so a mark bar is exactly the cut last-price bar. Hours and days are gathered
    from minutes: the bars above a minute know nothing of wicks inside it.
    """

    def __init__(self, last: SyntheticTape) -> None:
        super().__init__(0, 1, 0.0, 0)
        self._last = last

    def day(self, day: int) -> Ohlc:
        """The bar of a day."""
        return self.hours(day).merged(0, 24)

    def _compute_hours(self, day: int) -> Bars:
        return columns([self.minutes(hour).merged(0, 60) for hour in range(day * 24, day * 24 + 24)])

    def _compute_minutes(self, hour: int) -> Bars:
        opens, highs, lows, closes = self._last.minutes(hour)
        tops, bottoms = map(max, opens, closes), map(min, opens, closes)
        return Bars(
            opens,
            [top + (high - top) // 2 for top, high in zip(tops, highs, strict=True)],
            [bottom - (bottom - low) // 2 for bottom, low in zip(bottoms, lows, strict=True)],
            closes,
        )

    def _compute_seconds(self, minute: int) -> Bars:
        bounds = self.minutes(minute // 60).bar(minute % 60)
        cut = [[min(bounds.high, max(bounds.low, price)) for price in column] for column in self._last.seconds(minute)]
        return Bars(*cut)

    def volume(self, start: int, end: int) -> Volume:
        """Nothing is traded at the mark price; the prints counted are its data points."""
        return super().volume(start, end)._replace(quantity=0)

    def prints(self, start: int, end: int) -> Iterator[Print]:
        """None."""
        return iter(())


def columns(bars: list[Ohlc]) -> Bars:
    """Bars, column by column."""
    opens, highs, lows, closes = zip(*bars, strict=True)
    return Bars(list(opens), list(highs), list(lows), list(closes))
