"""Breakout: a close beyond the highest high or lowest low of the last candles."""

import numpy as np
import talib

from services.scanner.series import Candles
from services.scanner.shapes import before, ramp, ratio
from services.scanner.strategy import Entries, Parameters, Period, Strategy


class DonchianParameters(Parameters, frozen=True, kw_only=True):
    """channel: how many candles before this one make the channel."""

    channel: Period = 20


class Donchian(Strategy[DonchianParameters]):
    """LONG at the first close above the channel of the candles before it; SHORT at the first one below.

    Confidence: how far beyond the channel it closed, 1 at a whole ATR.
    Source: Richard Donchian's four-week rule, as in C. M. Faith, Way of the Turtle (2007).
    """

    name = "donchian"
    kind = "breakout"
    parameters_type = DonchianParameters

    @property
    def lookback(self) -> int:
        """The channel twice, and the range's memory."""
        return min(2 * self.parameters.channel + 4 * self.parameters.atr_period, 300)

    def entries(self, candles: Candles) -> Entries:
        """Closes beyond the channel that the close before was not."""
        settings, close = self.parameters, candles.close
        top = before(talib.MAX(candles.high, settings.channel))
        bottom = before(talib.MIN(candles.low, settings.channel))
        above, below = close > top, close < bottom
        atr = talib.ATR(candles.high, candles.low, close, settings.atr_period)
        beyond = np.where(above, close - top, bottom - close)
        return Entries(
            long=above & (before(close) <= before(top)),
            short=below & (before(close) >= before(bottom)),
            confidence=ramp(ratio(beyond, atr), 0.0, 1.0),
        )
