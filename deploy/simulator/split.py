"""Splits a bar into the bars of its parts, so that the parts aggregate back to exactly the whole."""

from math import sqrt
from typing import NamedTuple

from deploy.simulator.noise import EXPONENTIAL, MASK, NORMAL, WALK, mix

GAPS_PER_SPLIT = 2
WICK_SHARE = 0.35
"""Mean wick of a part, as a share of the typical step between two parts."""


class Ohlc(NamedTuple):
    """Open, high, low and close in ticks."""

    open: int
    high: int
    low: int
    close: int


class Bars(NamedTuple):
    """Consecutive bars, column by column, in ticks."""

    open: list[int]
    high: list[int]
    low: list[int]
    close: list[int]

    def bar(self, index: int) -> Ohlc:
        """One of them."""
        return Ohlc(self.open[index], self.high[index], self.low[index], self.close[index])

    def merged(self, first: int, last: int) -> Ohlc:
        """The bar over the parts first .. last-1."""
        return Ohlc(self.open[first], max(self.high[first:last]), min(self.low[first:last]), self.close[last - 1])


def merge(parts: list[Ohlc]) -> Ohlc | None:
    """The bar over consecutive bars, None for none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    opens, highs, lows, closes = zip(*parts, strict=True)
    return Ohlc(opens[0], max(highs), min(lows), closes[-1])


def split(bar: Ohlc, count: int, key: int, index: int) -> Bars:
    """`count` bars that aggregate to `bar`: a random bridge from open to close, squeezed between high and low.

    The part that comes nearest to the high (low) is stretched to it: where the bridge stays far away, that is a
    wick of a single part.
    """
    open_, high, low, _ = bar
    if high == low:
        return Bars([open_] * count, [open_] * count, [open_] * count, [open_] * count)
    noise = mix(key, index)
    nodes = _bridge(bar, count, noise)
    opens, closes = nodes[:-1], nodes[1:]
    step = (high - low) / sqrt(count)
    for gap in range(GAPS_PER_SPLIT):
        place = (noise >> (16 + 6 * gap)) % count
        if place:
            opened = opens[place] + int(NORMAL[(noise >> (28 + gap)) & MASK] * step)
            opens[place] = min(high, max(low, opened))
    wick = step * WICK_SHARE
    start = (noise >> 44) & MASK
    ups, downs = EXPONENTIAL[start : start + count], EXPONENTIAL[start // 2 : start // 2 + count]
    tops = [a if a > b else b for a, b in zip(opens, closes, strict=True)]
    bottoms = [a if a < b else b for a, b in zip(opens, closes, strict=True)]
    # A wick may use up half of the room that is left: many parts touching one ceiling would look like a wall.
    highs = [x + min(int(u * wick), (high - x) >> 1) for x, u in zip(tops, ups, strict=True)]
    lows = [x - min(int(u * wick), (x - low) >> 1) for x, u in zip(bottoms, downs, strict=True)]
    highs[highs.index(max(highs))] = high
    lows[lows.index(min(lows))] = low
    return Bars(opens, highs, lows, closes)


def _bridge(bar: Ohlc, count: int, noise: int) -> list[int]:
    """count + 1 prices from open to close, none outside the bar."""
    open_, high, low, close = bar
    start = noise & MASK
    steps = WALK[start : start + count + 1]
    scale = (high - low) / sqrt(count)
    drift = (close - open_ - scale * (steps[-1] - steps[0])) / count
    base = open_ - scale * steps[0]
    path = [base + scale * step + drift * i for i, step in enumerate(steps)]
    top, bottom = (open_, close) if open_ > close else (close, open_)
    peak, trough = max(path), min(path)
    # One bar in four leaves its wicks to a single part, the others fill most of them.
    fill = 0.2 if (noise >> 60) & 3 == 0 else 0.9
    rise = fill * (high - top) / (peak - top) if peak > top else 0.0
    fall = fill * (bottom - low) / (bottom - trough) if trough < bottom else 0.0
    nodes = [
        int((top + (x - top) * rise if x > top else bottom - (bottom - x) * fall if x < bottom else x) + 0.5)
        for x in path
    ]
    nodes[0], nodes[-1] = open_, close
    return nodes
