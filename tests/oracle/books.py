"""What a whole trade books by the written rules: fees, funding and profit, each amount rounded once."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from tests.oracle.money import PLACES, fee, usdt


class Entry(NamedTuple):
    """`time` in ms; `role` is maker or taker."""

    price: Decimal
    quantity: Decimal
    time: int
    role: str


class Part(NamedTuple):
    """A quantity that left; the price of a liquidation is not asked for."""

    reason: str
    price: Decimal
    quantity: Decimal
    time: int


class Books(NamedTuple):
    """In USDT. `profit` is None while anything is left."""

    fees: Decimal
    funding: Decimal
    profit: Decimal | None


Settlements = Sequence[tuple[int, Decimal]]
"""When funding was settled, in ms, and what one unit of a LONG paid: mark price x rate."""


def bankruptcy(sign: int, leverage: int, entry: Entry, left: Decimal) -> Decimal:
    """The price at which all margin of what is left is lost."""
    margin = usdt(entry.price * left / leverage)
    return max(usdt(entry.price - sign * margin / left), PLACES)


def books(
    market: str, sign: int, leverage: int, entry: Entry, parts: Sequence[Part], settled: Settlements = ()
) -> Books:
    """Funding is paid by who holds at the settlement: entered at or before it, and left after it."""
    paid = fee(market, entry.role, entry.price, entry.quantity)
    profit, fees, funding, left, since = -paid, paid, Decimal(0), entry.quantity, entry.time
    for reason, price, quantity, time in parts:
        owed = sum((amount for at, amount in settled if since <= at < time), Decimal(0))
        due = usdt(owed * sign * left)
        released = usdt(entry.price * left / leverage) - usdt(entry.price * (left - quantity) / leverage)
        if reason == "liquidation":
            gross, paid = -released, Decimal(0)
        else:
            gross = usdt((price - entry.price) * sign * quantity)
            paid = fee(market, "maker" if reason == "take_profit" else "taker", price, quantity)
        profit += max(gross - paid, -released) - due
        fees, funding, left, since = fees + paid, funding + due, left - quantity, time
    return Books(fees, funding, None if left else profit)
