"""Equity of an account, marked to market: its balance, and what its open positions would bring now."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from services.domain.market import Market
from services.domain.money import ZERO, ledger_amount
from services.domain.plan import Direction


class Position(msgspec.Struct, frozen=True):
    """All open trades of an account on one instrument in one direction, added up.

    quantity  what is still held, base asset
    cost      quantity x entry price, USDT
    funding   settled and not booked yet: what is owed, USDT; negative is to be received
    """

    market: Market
    symbol: str
    direction: Direction
    quantity: Decimal
    cost: Decimal
    funding: Decimal

    def unrealized(self, price: Decimal) -> Decimal:
        """The profit of closing at `price`, before its fee: (price x quantity - cost) x side - funding, in USDT."""
        return ledger_amount((price * self.quantity - self.cost) * self.direction.sign - self.funding)


class Equity(msgspec.Struct, frozen=True):
    """`equity` = balance + unrealized profit of all open positions, in USDT. Entry fees are in the balance already."""

    balance: Decimal
    unrealized: Decimal

    @property
    def equity(self) -> Decimal:
        """Both together."""
        return self.balance + self.unrealized


def marked(balance: Decimal, priced: Iterable[tuple[Position, Decimal]]) -> Equity:
    """The equity with each position at its price: bid for LONG, ask for SHORT."""
    return Equity(balance, sum((position.unrealized(price) for position, price in priced), ZERO))
