"""The money of a trade by the written rules: grids, fees, slippage, profit."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

PLACES = Decimal("0.00000001")
FRACTION = Decimal("0.000000000001")
RATES = {"SPOT": ("0.001", "0.001"), "FUTURES": ("0.0002", "0.0005")}  # maker, taker
FACTOR = {"optimistic": 0, "realistic": 1, "harsh": 2}


class Grid(NamedTuple):
    """0 means none."""

    tick: Decimal = Decimal(0)
    step: Decimal = Decimal(0)
    min_quantity: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)


def down(value: Decimal, step: Decimal) -> Decimal:
    return value // step * step if step else value


def up(value: Decimal, step: Decimal) -> Decimal:
    lower = down(value, step)
    return lower if lower == value else lower + step


def usdt(value: Decimal) -> Decimal:
    return value.quantize(PLACES, ROUND_HALF_EVEN)


def fee(market: str, role: str, price: Decimal, quantity: Decimal) -> Decimal:
    maker, taker = RATES[market]
    return usdt(price * quantity * Decimal(maker if role == "maker" else taker))


def slippage(model: str, half_spread: Decimal, average_range: Decimal) -> Decimal:
    """Of a market order priced from a last price."""
    return min(Decimal("0.5"), FACTOR[model] * (half_spread + average_range / 10))


def worse(price: Decimal, share: Decimal, tick: Decimal, *, selling: bool) -> Decimal:
    """A market order's price after slipping by `share`."""
    if not share:
        return price
    return max(down(price * (1 - share), tick), tick) if selling else up(price * (1 + share), tick)


def average_ranges(bars: list[tuple]) -> list[Decimal]:
    """Wilder's average over 14 of (high - low) / close, before the first bar and after each.

    Bars are (time, open, high, low, close).
    """
    averages = [Decimal(0)]
    for _, _, high, low, close in bars:
        seen, average = (high - low) / close, averages[-1]
        averages.append((average + (seen - average) / 14 if average else seen).quantize(FRACTION))
    return averages


def net_profit(
    sign: int, entry: Decimal, exit_: Decimal, quantity: Decimal, leverage: int, fees: tuple[Decimal, Decimal]
) -> Decimal:
    """Each booking rounded once; beyond fees at entry, an isolated position loses its margin at most."""
    entry_fee, exit_fee = fees
    gross = usdt(sign * (exit_ - entry) * quantity)
    margin = usdt(entry * quantity / leverage)
    return max(gross - exit_fee, -margin) - entry_fee
