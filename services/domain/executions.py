"""What a touched barrier does: resting limits, stops and trailing levels, executed; and what time alone does."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.barriers import next_level, next_target
from services.domain.fees import FillRole
from services.domain.fills import buy_price, sell_price
from services.domain.money import LEDGER_STEP, ZERO, ledger_amount, margin
from services.domain.path import Bar
from services.domain.plan import leg
from services.domain.profit import exited
from services.domain.stops import after_target, started, stepped
from services.domain.trade import DecidedBy, Evidence, Fill, Reason, Trade, TradeStatus


class Touch(msgspec.Struct, frozen=True):
    """A barrier reached: on the way down or up, when, and on which data.

    `gap_open` is the minute's open where the trade's stop, as it stands, met it: one that lies behind it fills there.
    """

    falling: bool
    time: datetime
    bar: Bar
    decided_by: DecidedBy
    gap_open: Decimal | None = None


def execute(trade: Trade, touch: Touch) -> Trade:
    """The live `trade` after its barrier was touched: entered, cancelled, stopped, at a target, or one step on."""
    against = touch.falling is trade.is_long
    if trade.status is TradeStatus.PENDING:
        return _enter(trade, touch) if against else cancelled(trade, Reason.TARGET_BEFORE_ENTRY)
    if against:
        return _stop(trade, touch)
    target, level = next_target(trade), next_level(trade)
    sign = trade.plan.direction.sign
    if target is not None and (level is None or (level - target) * sign >= 0):
        return _target(trade, touch)
    return stepped(trade)


def cancelled(trade: Trade, reason: Reason) -> Trade:
    """The pending `trade` without an entry for ever."""
    return trade.moved_to(TradeStatus.CANCELLED, reserved=ZERO, cancelled_for=reason)


def time_stop(trade: Trade, bar: Bar, decided_by: DecidedBy) -> Trade:
    """What remains of the open `trade` sold at the open of `bar`, as taker with slippage."""
    evidence = Evidence(decided_by, bar=bar, slippage=trade.slippage.of_last_price(trade.fill_model))
    fill = market_fill(trade, trade.remaining, bar.open, bar.open_time, evidence)
    return exited(trade, fill, Reason.TIME_STOP, trade.remaining)


def liquidated(trade: Trade, mark: Bar, time: datetime, decided_by: DecidedBy) -> Trade:
    """What remains of the open `trade`, taken over by the exchange at the bankruptcy price: all its margin is lost."""
    assert trade.entry is not None
    lost = trade.reserved / trade.remaining * trade.plan.direction.sign
    price = max(ledger_amount(trade.entry.price - lost), LEDGER_STEP)
    fill = Fill(time, price, FillRole.TAKER, ZERO, Evidence(decided_by, bar=mark))
    return exited(trade, fill, Reason.LIQUIDATION, trade.remaining)


def delisted(trade: Trade, time: datetime, price: Decimal | None, decided_by: DecidedBy) -> Trade:
    """The live `trade` of a pair that ended at `time`: cancelled before its entry, else settled at `price`.

    `decided_by` says whose price that is. Without a price the entry stands for it, and the trade is `ambiguous`.

    No order is given, so there is neither fee nor slippage. It never ends before its own last fill.
    """
    if trade.entry is None:
        return cancelled(trade, Reason.DELISTED)
    time = max(time, trade.entry.time, *(each.fill.time for each in trade.exits))
    if price is None:
        price, trade = trade.entry.price, msgspec.structs.replace(trade, ambiguous=True)
    fill = Fill(time, price, FillRole.TAKER, ZERO, Evidence(decided_by))
    return exited(trade, fill, Reason.DELISTED, trade.remaining)


def market_fill(trade: Trade, quantity: Decimal, price: Decimal, time: datetime, evidence: Evidence) -> Fill:
    """`quantity` of an open trade closed by a market order at `price` less the slippage that `evidence` tells."""
    worse = sell_price if trade.is_long else buy_price
    filled = worse(price, evidence.slippage, trade.instrument.filters.tick_size)
    return Fill(time, filled, FillRole.TAKER, trade.fees.fee(FillRole.TAKER, filled, quantity), evidence)


def _enter(trade: Trade, touch: Touch) -> Trade:
    """A resting limit fills exactly at its price, as maker."""
    price = trade.plan.limit_price
    assert price is not None
    fill = _limit_fill(trade, touch, price, trade.quantity)
    held_back = margin(price, trade.quantity, trade.plan.leverage)
    funding = trade.funding.since(touch.time)
    return started(trade.moved_to(TradeStatus.OPEN, entry=fill, reserved=held_back, funding=funding))


def _target(trade: Trade, touch: Touch) -> Trade:
    """A target is a resting limit: exactly at its price, as maker. Then the stop follows, where the plan says so."""
    ahead = trade.plan.targets[trade.targets_filled :]
    quantity = leg(trade.remaining, ahead, trade.instrument.filters.step_size)
    after = exited(trade, _limit_fill(trade, touch, ahead[0].price, quantity), Reason.TAKE_PROFIT, quantity)
    return after_target(after) if after.status.is_live else after


def _stop(trade: Trade, touch: Touch) -> Trade:
    """A stop is a market order as taker: at the stop, or at the open that jumped over it, less slippage."""
    price, worse = trade.stop.price, min if trade.is_long else max
    if touch.gap_open is not None:
        price = worse(price, touch.gap_open)
    slippage = trade.slippage.of_last_price(trade.fill_model)
    evidence = Evidence(touch.decided_by, bar=touch.bar, slippage=slippage)
    fill = market_fill(trade, trade.remaining, price, touch.time, evidence)
    return exited(trade, fill, trade.stop.reason, trade.remaining)


def _limit_fill(trade: Trade, touch: Touch, price: Decimal, quantity: Decimal) -> Fill:
    fee = trade.fees.fee(FillRole.MAKER, price, quantity)
    return Fill(touch.time, price, FillRole.MAKER, fee, Evidence(touch.decided_by, bar=touch.bar))
