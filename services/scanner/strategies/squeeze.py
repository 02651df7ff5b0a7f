"""Volatility: the Bollinger band has lain inside the Keltner channel, and comes out of it."""

from typing import Annotated

import numpy as np
import talib
from msgspec import Meta

from services.scanner.series import Candles
from services.scanner.shapes import before, ramp
from services.scanner.strategy import Entries, Parameters, Period, Strategy


class SqueezeParameters(Parameters, frozen=True, kw_only=True):
    """period: of band and channel. deviations, ranges: their widths. bars_min: how long it must have lasted."""

    period: Period = 20
    deviations: Annotated[float, Meta(gt=0, le=5)] = 2.0
    ranges: Annotated[float, Meta(gt=0, le=5)] = 1.5
    bars_min: Annotated[int, Meta(ge=1, le=50)] = 6


class Squeeze(Strategy[SqueezeParameters]):
    """At the candle that ends a squeeze of bars_min candles or more: LONG if it closes above the band's middle and
    above the close before, SHORT if below both.

    Confidence: the length of the squeeze, 0 at bars_min, 1 at four times that.
    Source: J. F. Carter, Mastering the Trade (2005); the channel by C. W. Keltner in the form of
    L. B. Raschke: an exponential average and average true ranges.
    """

    name = "squeeze"
    kind = "volatility"
    parameters_type = SqueezeParameters

    @property
    def lookback(self) -> int:
        """The channel's memory, and the longest squeeze that counts."""
        return min(4 * self.parameters.period + 4 * self.parameters.bars_min, 300)

    def entries(self, candles: Candles) -> Entries:
        """Ends of squeezes."""
        settings, close = self.parameters, candles.close
        upper, middle, lower = talib.BBANDS(close, settings.period, settings.deviations, settings.deviations)
        center = talib.EMA(close, settings.period)
        reach = settings.ranges * talib.ATR(candles.high, candles.low, close, settings.period)
        inside = (upper < center + reach) & (lower > center - reach)
        lasted = before(_run_lengths(inside))
        released = ~inside & np.isfinite(reach) & np.isfinite(upper) & (lasted >= settings.bars_min)
        return Entries(
            long=released & (close > middle) & (close > before(close)),
            short=released & (close < middle) & (close < before(close)),
            confidence=ramp(lasted, settings.bars_min, 4 * settings.bars_min),
        )


def _run_lengths(flags: np.typing.NDArray[np.bool_]) -> np.typing.NDArray[np.float64]:
    """How many flags in a row, up to and with each element, are set."""
    places = np.arange(1, len(flags) + 1)
    last_unset = np.maximum.accumulate(np.where(flags, 0, places))
    return (places - last_unset).astype(np.float64)
