"""Stops that move: to the entry, to the target before, and behind the best price. They only ever tighten."""

from decimal import Decimal

import msgspec

from services.domain.money import ceil_to, floor_to
from services.domain.trade import Reason, Stop, Trade, Trail

_STEPS = 10
"""A trailing stop moves in tenths of its distance, so that a price costs nothing until the next one."""


def started(trade: Trade) -> Trade:
    """The trade just entered, in the same stored state: a trailing stop without an activation price begins here."""
    trailing = trade.plan.rules.trailing
    if trailing is None or trailing.activation is not None:
        return trade
    assert trade.entry is not None
    return _trailing_from(trade, trade.entry.price)


def stepped(trade: Trade) -> Trade:
    """The next state once trailing was activated, or its next level touched."""
    trailing = trade.plan.rules.trailing
    assert trailing is not None
    if trade.trail is None:
        assert trailing.activation is not None
        after = _trailing_from(trade, trailing.activation)
    else:
        level, step = trade.trail.level, trade.trail.step
        after = _followed(trade, Trail(level + trade.plan.direction.sign * step, step))
    return msgspec.structs.replace(after, version=trade.version + 1)


def after_target(trade: Trade) -> Trade:
    """The open trade whose last exit was a target, in the same stored state, with its stop where the plan says."""
    rules, filled = trade.plan.rules, trade.targets_filled
    assert trade.entry is not None
    if rules.follow_targets and filled > 1:
        return _tightened(trade, Stop(trade.plan.targets[filled - 2].price, Reason.TARGET_STOP))
    if rules.follow_targets or rules.break_even_after == filled:
        away = floor_to if trade.is_long else ceil_to
        price = away(trade.entry.price, trade.instrument.filters.tick_size)
        return _tightened(trade, Stop(price, Reason.BREAK_EVEN))
    return trade


def _trailing_from(trade: Trade, base: Decimal) -> Trade:
    trailing, tick = trade.plan.rules.trailing, trade.instrument.filters.tick_size
    assert trailing is not None
    step = max(ceil_to(trailing.behind(base) / _STEPS, tick), tick)
    return _followed(trade, Trail(base, step))


def _followed(trade: Trade, trail: Trail) -> Trade:
    """`trade` with `trail`, and its stop behind the level: away from profit to the tick."""
    trailing, tick = trade.plan.rules.trailing, trade.instrument.filters.tick_size
    assert trailing is not None
    away = floor_to if trade.is_long else ceil_to
    price = away(trail.level - trade.plan.direction.sign * trailing.behind(trail.level), tick)
    trade = msgspec.structs.replace(trade, trail=trail)
    return _tightened(trade, Stop(price, Reason.TRAILING_STOP)) if price > 0 else trade


def _tightened(trade: Trade, stop: Stop) -> Trade:
    tighter = (stop.price - trade.stop.price) * trade.plan.direction.sign > 0
    return msgspec.structs.replace(trade, stop=stop) if tighter else trade
