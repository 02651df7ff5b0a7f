"""What a touched barrier does: resting limits and stops, executed."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.fees import Role
from services.domain.fills import buy_price, sell_price
from services.domain.path import Bar
from services.domain.profit import closed, margin
from services.domain.trade import DecidedBy, Direction, Evidence, Fill, Trade, TradeStatus


class Touch(msgspec.Struct, frozen=True):
    """A barrier reached: on the way down or up, when, and on which data.

    `gap_open` is the minute's open where the trade met it: a stop that lies behind it fills there.
    """

    falling: bool
    time: datetime
    bar: Bar
    decided_by: DecidedBy
    gap_open: Decimal | None = None


def execute(trade: Trade, touch: Touch) -> Trade:
    """The live `trade` after its barrier was touched: entered, stopped or at its target."""
    if trade.status is TradeStatus.PENDING:
        return _enter(trade, touch)
    is_stop = touch.falling == (trade.plan.direction is Direction.LONG)
    return _stop(trade, touch) if is_stop else _target(trade, touch)


def _enter(trade: Trade, touch: Touch) -> Trade:
    """A resting limit fills exactly at its price, as maker."""
    price = trade.plan.limit_price
    assert price is not None
    held_back = margin(price, trade.quantity, trade.plan.leverage)
    return trade.moved_to(TradeStatus.OPEN, entry=_limit_fill(trade, touch, price), reserved=held_back)


def _target(trade: Trade, touch: Touch) -> Trade:
    """A target is a resting limit: exactly at its price, as maker."""
    fill = _limit_fill(trade, touch, trade.plan.take_profit)
    return closed(trade, TradeStatus.CLOSED_TP, fill)


def _stop(trade: Trade, touch: Touch) -> Trade:
    """A stop is a market order as taker: at the stop, or at the open that jumped over it, less slippage."""
    slippage = trade.slippage.of_last_price(trade.fill_model)
    tick = trade.instrument.filters.tick_size
    stop = trade.plan.stop_loss
    if trade.plan.direction is Direction.LONG:
        price = sell_price(stop if touch.gap_open is None else min(stop, touch.gap_open), slippage, tick)
    else:
        price = buy_price(stop if touch.gap_open is None else max(stop, touch.gap_open), slippage, tick)
    evidence = Evidence(touch.decided_by, bar=touch.bar, slippage=slippage)
    fee = trade.fees.fee(Role.TAKER, price, trade.quantity)
    fill = Fill(touch.time, price, Role.TAKER, fee, evidence)
    return closed(trade, TradeStatus.CLOSED_SL, fill)


def _limit_fill(trade: Trade, touch: Touch, price: Decimal) -> Fill:
    fee = trade.fees.fee(Role.MAKER, price, trade.quantity)
    return Fill(touch.time, price, Role.MAKER, fee, Evidence(touch.decided_by, bar=touch.bar))
