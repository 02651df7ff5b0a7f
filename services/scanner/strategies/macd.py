"""Momentum: MACD crosses its signal line on the side of the long average."""

from typing import Annotated

import numpy as np
import talib
from msgspec import Meta

from services.scanner.series import Candles
from services.scanner.shapes import before, crosses_above, ramp, ratio
from services.scanner.strategy import Entries, Parameters, Period, Strategy


class MacdParameters(Parameters, frozen=True, kw_only=True):
    """fast, slow, smooth: the periods of MACD and its signal line. trend: period of the average that gives the side."""

    fast: Period = 12
    slow: Period = 26
    smooth: Annotated[int, Meta(ge=2, le=50)] = 9
    trend: Period = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fast >= self.slow:
            raise ValueError("fast must be below slow")


class Macd(Strategy[MacdParameters]):
    """LONG where MACD crosses above its signal line and the close is above the long average; SHORT mirrored.

    Confidence: by how much the histogram moved with this candle, 1 at a quarter of an ATR.
    Source: G. Appel, Technical Analysis: Power Tools for Active Investors (2005).
    """

    name = "macd"
    kind = "momentum"
    parameters_type = MacdParameters

    @property
    def lookback(self) -> int:
        """Until the slowest average has forgotten its beginning."""
        return min(4 * max(self.parameters.trend, self.parameters.slow + self.parameters.smooth), 300)

    def entries(self, candles: Candles) -> Entries:
        """Crossings on the right side."""
        settings, close = self.parameters, candles.close
        line, signal, histogram = talib.MACD(close, settings.fast, settings.slow, settings.smooth)
        trend = talib.EMA(close, settings.trend)
        atr = talib.ATR(candles.high, candles.low, close, settings.atr_period)
        return Entries(
            long=crosses_above(line, signal) & (close > trend),
            short=crosses_above(signal, line) & (close < trend),
            confidence=ramp(ratio(np.abs(histogram - before(histogram)), atr), 0.0, 0.25),
        )
