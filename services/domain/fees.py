"""Trading fees: rates by market and role, frozen on a trade at entry."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.market import Market
from services.domain.money import ledger_amount


class FillRole(StrEnum):
    """Maker for resting limit fills, taker for everything else."""

    MAKER = "maker"
    TAKER = "taker"


class FeeRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fractions of the notional, e.g. 0.001 for 0.1 %."""

    maker: Decimal
    taker: Decimal

    def fee(self, role: FillRole, price: Decimal, quantity: Decimal) -> Decimal:
        """The fee of one fill in USDT, as the ledger books it."""
        rate = self.maker if role is FillRole.MAKER else self.taker
        return ledger_amount(price * quantity * rate)


# Binance's regular user (VIP 0) rates.
DEFAULT_FEES = {
    Market.SPOT: FeeRates(maker=Decimal("0.001"), taker=Decimal("0.001")),
    Market.FUTURES: FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0005")),
}
