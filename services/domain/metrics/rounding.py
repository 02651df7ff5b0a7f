"""Ratios as people read them: rounded once, half to even; undefined is None, never a made-up 0 or infinity."""

from decimal import Decimal

PERCENT_STEP = Decimal("0.01")
RATIO_STEP = Decimal("0.0001")
MONEY_STEP = Decimal("0.00000001")
GROWN_MAX = Decimal("1e15")
"""A growth or ratio beyond this is no number for people, but what rounding left of a divisor of 0."""


def ratio(dividend: Decimal | None, divisor: Decimal | int | None, step: Decimal = RATIO_STEP) -> Decimal | None:
    """`dividend` / `divisor` on the step; None where either is unknown or the divisor is 0."""
    if dividend is None or divisor is None or divisor == 0:
        return None
    return (dividend / divisor).quantize(step)


def percent(part: Decimal | int | None, whole: Decimal | int | None) -> Decimal | None:
    """100 x `part` / `whole`; None where either is unknown or the whole is 0."""
    return None if part is None else ratio(100 * Decimal(part), whole, PERCENT_STEP)
