"""Volume: a candle with many times the usual volume closes near its end."""

from typing import Annotated

import numpy as np
import talib
from msgspec import Meta

from services.scanner.series import Candles
from services.scanner.shapes import before, ramp, ratio
from services.scanner.strategy import Entries, Parameters, Period, Strategy


class VolumeSpikeParameters(Parameters, frozen=True, kw_only=True):
    """usual: candles whose mean volume is the usual one. times: how many times that. near: how much of the candle's
    range may lie between its close and its end.
    """

    usual: Period = 20
    times: Annotated[float, Meta(gt=1, le=50)] = 4.0
    near: Annotated[float, Meta(gt=0, lt=0.5)] = 0.25


class VolumeSpike(Strategy[VolumeSpikeParameters]):
    """LONG where a candle of `times` the mean volume before it rises and closes near its high; SHORT where it falls
    and closes near its low.

    Confidence: 0 at `times`, 1 at three times that.
    Source: effort and result, as in R. D. Wyckoff, The Richard D. Wyckoff Method of Trading and Investing in Stocks
    (1931); volume that confirms a move, as in B. P. Dormeier, Investing with Volume Analysis (2011).
    """

    name = "volume_spike"
    kind = "volume"
    parameters_type = VolumeSpikeParameters

    @property
    def lookback(self) -> int:
        """The usual volume, and the range's memory."""
        return min(self.parameters.usual + 4 * self.parameters.atr_period, 300)

    def entries(self, candles: Candles) -> Entries:
        """Spikes with a direction."""
        settings, close = self.parameters, candles.close
        spike = ratio(candles.volume, before(talib.SMA(candles.volume, settings.usual)))
        spikes = spike >= settings.times
        length = candles.high - candles.low
        from_high = ratio(candles.high - close, length)
        from_low = ratio(close - candles.low, length)
        return Entries(
            long=spikes & (close > candles.open) & (from_high <= settings.near),
            short=spikes & (close < candles.open) & (from_low <= settings.near),
            confidence=ramp(np.asarray(spike), settings.times, 3 * settings.times),
        )
