"""Accepting a plan: sizing, validation and the first state of a trade."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.errors import Conflict, InvalidInput
from services.domain.fees import FeeRates, Role
from services.domain.fills import FillModel, Slippage, buy_price, sell_price
from services.domain.market import Filters, Instrument, InstrumentStatus, Market, Quote
from services.domain.money import ceil_to, floor_to
from services.domain.path import Bar
from services.domain.profit import margin
from services.domain.trade import (
    DecidedBy,
    Direction,
    EntryType,
    Evidence,
    Fill,
    Label,
    Plan,
    Trade,
    TradeStatus,
)

LEVERAGE_MAX = {Market.SPOT: 1, Market.FUTURES: 125}


class Order(msgspec.Struct, frozen=True):
    """An accepted wish: whose, for what, under which terms, at which exchange time. All of it is frozen on the trade.

    `plan` is on the instrument's grid and has passed `check_plan`.
    """

    trade_id: int
    account_id: int
    instrument: Instrument
    plan: Plan
    label: Label
    at: datetime
    fees: FeeRates
    fill_model: FillModel
    slippage: Slippage


def on_grid(plan: Plan, filters: Filters) -> Plan:
    """The plan with its prices on the tick: a limit buy down and sell up, the stop and targets away from profit
    and towards it: LONG stop down, target up; SHORT mirrored.
    """
    tick = filters.tick_size
    long = plan.direction is Direction.LONG
    towards, away = (ceil_to, floor_to) if long else (floor_to, ceil_to)
    limit = plan.limit_price
    return msgspec.structs.replace(
        plan,
        limit_price=None if limit is None else away(limit, tick),
        stop_loss=away(plan.stop_loss, tick),
        take_profit=towards(plan.take_profit, tick),
    )


def check_plan(plan: Plan, instrument: Instrument) -> None:
    """Everything that is wrong with a plan whatever the market does. Raises InvalidInput or Conflict."""
    if instrument.status is not InstrumentStatus.TRADING:
        raise Conflict("not_trading", f"{instrument} is {instrument.status}: no new trades", field="symbol")
    if instrument.market is Market.SPOT and plan.direction is Direction.SHORT:
        raise InvalidInput("spot_is_long_only", "spot trades are LONG only", field="direction")
    cap = LEVERAGE_MAX[instrument.market]
    if not 1 <= plan.leverage <= cap:
        raise InvalidInput(
            "leverage_out_of_range",
            f"leverage must be 1 to {cap} on {instrument.market}, got {plan.leverage}",
            field="leverage",
            numbers={"leverage": plan.leverage, "max": cap},
        )
    if plan.position_size <= 0:
        raise InvalidInput("size_not_positive", "position_size must be above zero", field="position_size")
    if (plan.entry_type is EntryType.LIMIT) != (plan.limit_price is not None):
        raise InvalidInput(
            "entry_price_mismatch",
            "a LIMIT entry needs entry_price, a MARKET entry must not have one",
            field="entry_price",
        )
    if plan.limit_price is not None:
        check_order(plan, plan.limit_price)


def check_order(plan: Plan, entry: Decimal) -> None:
    """LONG: stop < entry < target; SHORT the reverse. Raises InvalidInput naming the price that is misplaced."""
    sign = plan.direction.sign
    numbers = {"entry": entry, "stop_loss": plan.stop_loss, "take_profit": plan.take_profit}
    side = ("below", "above") if sign > 0 else ("above", "below")
    if plan.stop_loss <= 0 or (entry - plan.stop_loss) * sign <= 0:
        raise InvalidInput(
            "stop_misplaced",
            f"a {plan.direction} stop_loss must lie {side[0]} the entry {entry}, got {plan.stop_loss}",
            field="stop_loss",
            numbers=numbers,
        )
    if plan.take_profit <= 0 or (plan.take_profit - entry) * sign <= 0:
        raise InvalidInput(
            "target_misplaced",
            f"a {plan.direction} take_profit must lie {side[1]} the entry {entry}, got {plan.take_profit}",
            field="take_profit",
            numbers=numbers,
        )


def size(plan: Plan, entry: Decimal, filters: Filters) -> Decimal:
    """The quantity that `position_size` USDT of margin buys at `entry`: floor to step of size x leverage / entry.

    Raises InvalidInput when that is below the exchange's minimum quantity or notional.
    """
    quantity = floor_to(plan.position_size * plan.leverage / entry, filters.step_size)
    notional = quantity * entry
    least = max(filters.min_notional, filters.min_quantity * entry)
    if quantity <= 0 or quantity < filters.min_quantity or notional < filters.min_notional:
        raise InvalidInput(
            "below_minimum",
            f"the position is worth {notional.normalize():f} USDT, the exchange's minimum is "
            f"{least.normalize():f} (step {filters.step_size})",
            field="position_size",
            numbers={"quantity": quantity, "notional": notional, "min_notional": filters.min_notional},
        )
    return quantity


def rest(order: Order) -> Trade:
    """A PENDING trade whose limit waits for the path. Reserves margin and maker fee at its limit price."""
    plan = order.plan
    assert plan.limit_price is not None
    quantity = size(plan, plan.limit_price, order.instrument.filters)
    fee = order.fees.fee(Role.MAKER, plan.limit_price, quantity)
    reserved = margin(plan.limit_price, quantity, plan.leverage) + fee
    return _trade(order, TradeStatus.PENDING, quantity, reserved, None)


def is_marketable(plan: Plan, quote: Quote) -> bool:
    """Whether the plan enters at once: MARKET, or a limit at or beyond the other side of the book."""
    if plan.limit_price is None:
        return True
    return quote.ask <= plan.limit_price if plan.direction is Direction.LONG else quote.bid >= plan.limit_price


def enter_at_quote(order: Order, quote: Quote) -> Trade:
    """An OPEN trade filled at ask (LONG) or bid (SHORT) as taker; a market order slips, a limit does not.

    Raises InvalidInput when stop, fill and target no longer stand in order, or the size is too small there.
    """
    price = quote.ask if order.plan.direction is Direction.LONG else quote.bid
    slippage = order.slippage.of_quote(order.fill_model) if order.plan.limit_price is None else Decimal(0)
    evidence = Evidence(DecidedBy.QUOTE, bid=quote.bid, ask=quote.ask, slippage=slippage)
    return _enter(order, price, evidence)


def enter_at_open(order: Order, bar: Bar) -> Trade:
    """An OPEN trade filled at the open of `bar` as taker, where no quotes exist (a replay of recorded bars).

    Raises InvalidInput as `enter_at_quote` does.
    """
    slippage = order.slippage.of_last_price(order.fill_model) if order.plan.limit_price is None else Decimal(0)
    return _enter(order, bar.open, Evidence(DecidedBy.OPEN, bar=bar, slippage=slippage))


def _enter(order: Order, reference: Decimal, evidence: Evidence) -> Trade:
    plan, filters = order.plan, order.instrument.filters
    adverse = buy_price if plan.direction is Direction.LONG else sell_price
    price = adverse(reference, evidence.slippage, filters.tick_size)
    check_order(plan, price)
    quantity = size(plan, price, filters)
    fill = Fill(order.at, price, Role.TAKER, order.fees.fee(Role.TAKER, price, quantity), evidence)
    return _trade(order, TradeStatus.OPEN, quantity, margin(price, quantity, plan.leverage), fill)


def _trade(order: Order, status: TradeStatus, quantity: Decimal, reserved: Decimal, entry: Fill | None) -> Trade:
    return Trade(
        id=order.trade_id,
        account_id=order.account_id,
        instrument=order.instrument,
        plan=order.plan,
        label=order.label,
        quantity=quantity,
        fees=order.fees,
        fill_model=order.fill_model,
        slippage=order.slippage,
        status=status,
        reserved=reserved,
        active_from=order.at,
        entry=entry,
    )
