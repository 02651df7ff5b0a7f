"""What leverage and stop a futures position may have, from the table of brackets and the exchange's formula."""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parents[2] / "services" / "binance" / "brackets.json"
_OF_UNKNOWN = [["0", "5000000", "0.025", "0", 20]]


@cache
def _brackets(symbol: str) -> list[list]:
    table = json.loads(_TABLE.read_text())
    for schedule in table["schedules"]:
        if symbol in schedule["symbols"]:
            return schedule["brackets"]
    return _OF_UNKNOWN


def is_allowed(symbol: str, sign: int, entry: Decimal, quantity: Decimal, leverage: int, stop: Decimal) -> bool:
    """Whether the exchange gives this leverage for this size, and the stop comes before the liquidation."""
    notional = entry * quantity
    for _, cap, _, _, highest in _brackets(symbol):
        if notional <= Decimal(cap):
            if leverage > highest:
                return False
            break
    else:
        return False
    level = liquidation(symbol, sign, entry, quantity, leverage)
    return level is None or sign * stop > sign * level


def liquidation(symbol: str, sign: int, entry: Decimal, quantity: Decimal, leverage: int) -> Decimal | None:
    """The mark price at which the position ends; None if it never does."""
    wallet = (entry * quantity / leverage).quantize(Decimal("1e-8"))
    for floor, cap, rate, cum, _ in _brackets(symbol):
        price = (wallet + Decimal(cum) - sign * quantity * entry) / (quantity * Decimal(rate) - sign * quantity)
        if price > 0 and Decimal(floor) <= quantity * price <= Decimal(cap):
            return price.quantize(Decimal("1e-8"))
    return None
