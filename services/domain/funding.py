"""Funding of futures: what a position owes at each settlement it lives through, booked when quantity leaves.

A settlement at time t is charged where entry time <= t < exit time (Binance charges who holds at the instant):
payment = side x quantity x mark price x rate, with side = +1 for LONG and -1 for SHORT; negative is received.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.money import ZERO


class FundingDue(Exception):
    """A position ended after a settlement whose rate is not known yet: it cannot be booked."""


class Settlement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One settled funding rate: `amount` = mark price x rate, in USDT: what a LONG pays for each unit it holds."""

    time: datetime
    amount: Decimal


class Funding(msgspec.Struct, frozen=True):
    """What a trade owes since its quantity last changed, for each unit.

    carried      of settlements before those listed, in USDT
    settlements  ascending
    due          the next settlement whose rate is not known; None where there is none to come
    """

    settlements: tuple[Settlement, ...] = ()
    carried: Decimal = ZERO
    due: datetime | None = None

    def owed(self, until: datetime) -> Decimal:
        """What one unit of a LONG owes that is held until `until`. Raises FundingDue."""
        if self.due is not None and self.due < until:
            raise FundingDue(f"the settlement of {self.due.isoformat()} is not known yet")
        return sum((each.amount for each in self.settlements if each.time < until), self.carried)

    @property
    def total(self) -> Decimal:
        """What one unit of a LONG owes of all that is settled."""
        return sum((each.amount for each in self.settlements), self.carried)

    def since(self, time: datetime) -> "Funding":
        """The funding of a quantity that is held from `time` on."""
        later = tuple(each for each in self.settlements if each.time >= time)
        return Funding(later, ZERO, self.due)


NO_FUNDING = Funding()
