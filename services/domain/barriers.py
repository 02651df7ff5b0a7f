"""Barriers: the two prices strictly between which nothing can happen to a trade."""

from decimal import Decimal

import msgspec

from services.domain.fills import FillModel
from services.domain.trade import Direction, Trade, TradeStatus


class Barriers(msgspec.Struct, frozen=True):
    """The path acts on a trade at or below `lower`, at or above `upper`; None means no barrier on that side."""

    lower: Decimal | None = None
    upper: Decimal | None = None


NONE = Barriers()


def barriers(trade: Trade) -> Barriers:
    """The barriers of `trade` as it stands.

    PENDING: its limit price. OPEN: stop and target. A final trade has none. In the harsh model a resting limit
    must be traded through by one tick, so its barrier stands one tick beyond its price.
    """
    plan = trade.plan
    through = trade.instrument.filters.tick_size if trade.fill_model is FillModel.HARSH else Decimal(0)
    long = plan.direction is Direction.LONG
    if trade.status is TradeStatus.PENDING:
        assert plan.limit_price is not None
        return Barriers(lower=plan.limit_price - through) if long else Barriers(upper=plan.limit_price + through)
    if trade.status is TradeStatus.OPEN:
        if long:
            return Barriers(lower=plan.stop_loss, upper=plan.take_profit + through)
        return Barriers(lower=plan.take_profit - through, upper=plan.stop_loss)
    return NONE
