"""Fill models: at what price an order that has been triggered is filled.

optimistic  exact prices, no slippage
realistic   stops and market orders slip by half the frozen spread plus a tenth of the average one-minute range
harsh       twice that slippage, and a resting limit fills only when the price trades one tick through it

Market orders priced at bid or ask have crossed the spread already: only the volatility part slips there.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.market import Quote
from services.domain.money import ZERO, ceil_to, floor_to

RANGE_SHARE = Decimal("0.1")
RANGE_MEMORY = Decimal(14)
SLIPPAGE_MAX = Decimal("0.5")
"""A market order takes what is there: one wild minute must not push its price to zero or below."""


class FillModel(StrEnum):
    """How kindly triggered orders are filled; stamped on each trade at its creation."""

    OPTIMISTIC = "optimistic"
    REALISTIC = "realistic"
    HARSH = "harsh"


_SLIPPAGE_FACTOR = {FillModel.OPTIMISTIC: ZERO, FillModel.REALISTIC: Decimal(1), FillModel.HARSH: Decimal(2)}


def _share(model: FillModel, realistic: Decimal) -> Decimal:
    return min(SLIPPAGE_MAX, _SLIPPAGE_FACTOR[model] * realistic) or ZERO  # a plain 0, not 0E-14


class Slippage(msgspec.Struct, frozen=True):
    """What an order slips by, frozen at the trade's creation: fractions of the price."""

    half_spread: Decimal
    average_range: Decimal

    def of_last_price(self, model: FillModel) -> Decimal:
        """Slippage of a market order that is priced from a last price."""
        return _share(model, self.half_spread + RANGE_SHARE * self.average_range)

    def of_quote(self, model: FillModel) -> Decimal:
        """Slippage of a market order that is priced from bid or ask."""
        return _share(model, RANGE_SHARE * self.average_range)


NO_SLIPPAGE = Slippage(half_spread=ZERO, average_range=ZERO)


def half_spread(quote: Quote) -> Decimal:
    """Half of (ask - bid) as a fraction of the mid price, never negative."""
    mid = (quote.ask + quote.bid) / 2
    return max(ZERO, (quote.ask - quote.bid) / 2 / mid).quantize(Decimal("1e-12"))


def next_average_range(average: Decimal, high: Decimal, low: Decimal, close: Decimal, minutes: int = 1) -> Decimal:
    """The average one-minute range, as a fraction of the price, after one more bar.

    An exponential average over 14 bars (Wilder's smoothing: a' = a + (x - a) / 14); the first bar sets it.
    One bar counts as 100 % at most: beyond, the average means nothing.

    A bar of several `minutes` counts as so many, each with its range over the root of their number: the range of a
    random walk grows with the square root of time (W. Feller, "The Asymptotic Distribution of the Range of Sums of
    Independent Random Variables", Annals of Mathematical Statistics 22, 1951).
    """
    seen = min(Decimal(1), (high - low) / close)
    memory = RANGE_MEMORY
    if minutes > 1:
        seen /= Decimal(minutes).sqrt()
        memory = 1 / (1 - (1 - 1 / RANGE_MEMORY) ** minutes)
    updated = seen if average == 0 else average + (seen - average) / memory
    return updated.quantize(Decimal("1e-12"))


def sell_price(price: Decimal, slippage: Decimal, tick: Decimal) -> Decimal:
    """What a market sell at `price` gets after `slippage`: rounded down to the tick, one tick at least."""
    if slippage == 0:
        return price
    return max(floor_to(price * (1 - slippage), tick), tick)


def buy_price(price: Decimal, slippage: Decimal, tick: Decimal) -> Decimal:
    """What a market buy at `price` pays after `slippage`: rounded up to the tick."""
    if slippage == 0:
        return price
    return ceil_to(price * (1 + slippage), tick)
