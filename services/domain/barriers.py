"""Barriers: the two prices strictly between which nothing can happen to a trade, and the instant before which."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.fills import FillModel
from services.domain.path import MINUTE, ceil_minute, floor_minute
from services.domain.trade import Trade, TradeStatus


class Barriers(msgspec.Struct, frozen=True):
    """The path acts on a trade at or below `lower`, at or above `upper`; None means no barrier on that side."""

    lower: Decimal | None = None
    upper: Decimal | None = None


NONE = Barriers()


def barriers(trade: Trade) -> Barriers:
    """The barriers of `trade` as it stands.

    PENDING: its limit price, and its first target where touching that cancels it. OPEN: the stop, and the nearer of
    the next target and the next trailing level. A final trade has none.
    """
    if trade.status is TradeStatus.PENDING:
        assert trade.plan.limit_price is not None
        ahead = trade.plan.targets[0].price if trade.plan.rules.cancel_on_target else None
        return _between(trade, beyond(trade, trade.plan.limit_price, against=True), ahead)
    if trade.status is TradeStatus.OPEN:
        target, level = next_target(trade), next_level(trade)
        nearer = min if trade.is_long else max
        ahead = nearer(target, level) if target is not None and level is not None else target or level
        return _between(trade, trade.stop.price, ahead)
    return NONE


def _between(trade: Trade, behind: Decimal, ahead: Decimal | None) -> Barriers:
    return Barriers(behind, ahead) if trade.is_long else Barriers(ahead, behind)


def beyond(trade: Trade, price: Decimal, *, against: bool = False) -> Decimal:
    """Where a resting limit at `price` counts as traded: in the harsh model one tick beyond it.

    Beyond is further into profit for targets, and `against` it for entries.
    """
    if trade.fill_model is not FillModel.HARSH:
        return price
    tick = trade.instrument.filters.tick_size
    return price + tick if trade.is_long is not against else price - tick


def next_target(trade: Trade) -> Decimal | None:
    """The barrier of the next target of an open trade; None when there is none left."""
    index = trade.targets_filled
    return beyond(trade, trade.plan.targets[index].price) if index < len(trade.plan.targets) else None


def next_level(trade: Trade) -> Decimal | None:
    """The price at which trailing starts or takes its next step; None for a trade that does not trail."""
    trailing = trade.plan.rules.trailing
    if trailing is None:
        return None
    if trade.trail is None:
        return trailing.activation
    level = trade.trail.level + trade.plan.direction.sign * trade.trail.step
    return level if level > 0 else None


def next_event_at(trade: Trade) -> datetime | None:
    """When time alone acts on `trade`: its entry expires, or its time stop is due; a whole minute.

    A time stop counts from the end of the entry's minute, whatever data told the time inside it.
    """
    rules = trade.plan.rules
    if trade.status is TradeStatus.PENDING and rules.entry_expires_at is not None:
        return ceil_minute(rules.entry_expires_at)
    if trade.status is TradeStatus.OPEN and rules.time_stop is not None:
        assert trade.entry is not None
        return ceil_minute(floor_minute(trade.entry.time) + MINUTE + rules.time_stop)
    return None
