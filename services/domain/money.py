"""Decimal money: parsing, rounding to tick and step, ledger quantisation. Floats never appear."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation

from services.domain.errors import InvalidData

ZERO = Decimal(0)
LEDGER_STEP = Decimal("0.00000001")


def parse_price(text: str) -> Decimal:
    """The positive, finite Decimal that `text` spells.

    Raises InvalidData for anything else: `Decimal("NaN")` and `Decimal("Infinity")` parse, and must not pass.
    """
    value = _parse(text)
    if value <= 0:
        raise InvalidData(f"a price must be above zero, got {text!r}")
    return value


def parse_amount(text: str) -> Decimal:
    """The finite, non-negative Decimal that `text` spells (a quantity, a volume). Raises InvalidData."""
    value = _parse(text)
    if value < 0:
        raise InvalidData(f"an amount must not be negative, got {text!r}")
    return value


def _parse(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise InvalidData(f"not a number: {text!r}") from error
    if not value.is_finite():
        raise InvalidData(f"not a finite number: {text!r}")
    return value


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """`value` down to a multiple of `step`; a step of 0 means no grid (Binance's own convention)."""
    if step == 0:
        return value
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """`value` up to a multiple of `step`; a step of 0 means no grid."""
    if step == 0:
        return value
    return (value / step).to_integral_value(ROUND_CEILING) * step


def margin(price: Decimal, quantity: Decimal, leverage: int) -> Decimal:
    """The isolated margin of a position in USDT: notional / leverage."""
    return ledger_amount(price * quantity / leverage)


def ledger_amount(value: Decimal) -> Decimal:
    """`value` in USDT as the ledger books it: 8 places, half to even, once."""
    return value.quantize(LEDGER_STEP, ROUND_HALF_EVEN)
