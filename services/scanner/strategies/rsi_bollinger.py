"""Mean reversion: the price comes back inside its Bollinger band after it was oversold or overbought."""

from typing import Annotated

import numpy as np
import talib
from msgspec import Meta

from services.scanner.series import Candles
from services.scanner.shapes import before, ramp
from services.scanner.strategy import Entries, Parameters, Period, Strategy


class RsiBollingerParameters(Parameters, frozen=True, kw_only=True):
    """band, deviations: the Bollinger band. rsi_period, oversold: RSI below it, or above 100 less it, counts."""

    stop_atr: Annotated[float, Meta(gt=0, le=20)] = 1.5
    targets_atr: Annotated[tuple[Annotated[float, Meta(gt=0, le=50)], ...], Meta(min_length=1, max_length=5)] = (2.0,)
    band: Period = 20
    deviations: Annotated[float, Meta(gt=0, le=5)] = 2.0
    rsi_period: Annotated[int, Meta(ge=2, le=100)] = 14
    oversold: Annotated[float, Meta(gt=0, lt=50)] = 30.0


class RsiBollinger(Strategy[RsiBollingerParameters]):
    """LONG at the close back above the lower band, where the close before lay below it with RSI oversold; SHORT
    mirrored at the upper band.

    Confidence: how far RSI had gone beyond the threshold at the candle before, 1 at 20 points.
    Source: J. Bollinger, Bollinger on Bollinger Bands (2001); RSI by J. W. Wilder, New Concepts in
    Technical Trading Systems (1978), section VI.
    """

    name = "rsi_bollinger"
    kind = "mean reversion"
    parameters_type = RsiBollingerParameters

    @property
    def lookback(self) -> int:
        """The band and the memory of RSI."""
        return min(max(2 * self.parameters.band, 8 * self.parameters.rsi_period), 300)

    def entries(self, candles: Candles) -> Entries:
        """Returns into the band."""
        settings, close = self.parameters, candles.close
        upper, _, lower = talib.BBANDS(close, settings.band, settings.deviations, settings.deviations)
        rsi = before(talib.RSI(close, settings.rsi_period))
        overbought = 100 - settings.oversold
        depth = np.where(rsi < 50, settings.oversold - rsi, rsi - overbought)
        return Entries(
            long=(before(close) < before(lower)) & (close >= lower) & (rsi < settings.oversold),
            short=(before(close) > before(upper)) & (close <= upper) & (rsi > overbought),
            confidence=ramp(depth, 0.0, 20.0),
        )
