"""Trend: two exponential averages cross while the market trends."""

from typing import Annotated

import talib
from msgspec import Meta

from services.scanner.series import Candles
from services.scanner.shapes import crosses_above, ramp
from services.scanner.strategy import Entries, Parameters, Period, Strategy


class EmaAdxParameters(Parameters, frozen=True, kw_only=True):
    """fast, slow: periods of the averages. adx_period, adx_min: how strong the trend must be (0 to 100)."""

    fast: Period = 12
    slow: Period = 26
    adx_period: Annotated[int, Meta(ge=2, le=60)] = 14
    adx_min: Annotated[float, Meta(ge=0, le=60)] = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fast >= self.slow:
            raise ValueError("fast must be below slow")


class EmaAdx(Strategy[EmaAdxParameters]):
    """LONG where the fast average crosses above the slow one with ADX at adx_min or more; SHORT mirrored.

    Confidence: 0 at adx_min, 1 at adx_min + 30, straight between.
    Source: the crossover as in J. J. Murphy, Technical Analysis of the Financial Markets (1999), chapter 9; the
    average directional index as in J. W. Wilder, New Concepts in Technical Trading Systems (1978), section IV.
    """

    name = "ema_adx"
    kind = "trend"
    parameters_type = EmaAdxParameters

    @property
    def lookback(self) -> int:
        """Four times the slower of both."""
        return min(4 * max(self.parameters.slow, self.parameters.adx_period), 300)

    def entries(self, candles: Candles) -> Entries:
        """Crossings in a trend."""
        settings = self.parameters
        fast, slow = talib.EMA(candles.close, settings.fast), talib.EMA(candles.close, settings.slow)
        adx = talib.ADX(candles.high, candles.low, candles.close, settings.adx_period)
        trends = adx >= settings.adx_min
        return Entries(
            long=crosses_above(fast, slow) & trends,
            short=crosses_above(slow, fast) & trends,
            confidence=ramp(adx, settings.adx_min, settings.adx_min + 30),
        )
