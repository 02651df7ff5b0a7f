"""Small shapes that strategies are made of. Each value depends on candles up to its own, never on later ones."""

import numpy as np

from services.scanner.series import Flags, Floats


def before(values: Floats, bars: int = 1) -> Floats:
    """The values of so many candles ago; NaN where there were none."""
    shifted = np.full_like(values, np.nan)
    shifted[bars:] = values[: max(len(values) - bars, 0)]
    return shifted


def crosses_above(line: Floats, other: Floats) -> Flags:
    """Where `line` is above `other`, and was not at the candle before."""
    crossed: Flags = (line > other) & (before(line) <= before(other))
    return crossed


def ratio(dividend: Floats, divisor: Floats) -> Floats:
    """dividend / divisor; 0 where the divisor is not above zero."""
    result = np.zeros_like(dividend)
    np.divide(dividend, divisor, out=result, where=divisor > 0)
    return result


def ramp(values: Floats, low: float, high: float) -> Floats:
    """0 up to `low`, 1 from `high` on, a straight line between them: how a figure becomes a confidence."""
    scaled: Floats = np.clip((values - low) / (high - low), 0.0, 1.0)
    return scaled
