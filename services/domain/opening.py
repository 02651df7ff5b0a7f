"""Accepting a plan: sizing and the first state of a trade."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.brackets import Brackets, bracket_of, reachable
from services.domain.errors import InvalidInput
from services.domain.fees import FeeRates, FillRole
from services.domain.fills import FillModel, Slippage, buy_price, sell_price
from services.domain.market import Filters, Instrument, Quote
from services.domain.money import floor_to, margin
from services.domain.path import Bar
from services.domain.plan import Direction, Plan, leg
from services.domain.planning import check_order
from services.domain.sizing import Sizing, position_size
from services.domain.stops import started
from services.domain.trade import DecidedBy, Evidence, Fill, Label, Stop, Trade, TradeStatus


class Order(msgspec.Struct, frozen=True):
    """An accepted wish: whose, for what, under which terms, at which exchange time. All of it is frozen on the trade.

    `plan` is on the instrument's grid and has passed `services.domain.planning.check_plan`; its size is what `sizing`
    comes to once the entry price is known, with the account's `equity` in USDT where that decides.
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
    brackets: Brackets = ()
    sizing: Sizing | None = None
    equity: Decimal | None = None


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


def check_legs(plan: Plan, quantity: Decimal, filters: Filters) -> None:
    """Every part that a target closes must be an order the exchange would take. Raises InvalidInput naming it."""
    if len(plan.targets) < 2:
        return
    remaining = quantity
    for number, target in enumerate(plan.targets, start=1):
        part = leg(remaining, plan.targets[number - 1 :], filters.step_size)
        remaining -= part
        notional = part * target.price
        if (
            part < filters.min_quantity
            or notional < filters.min_notional
            or (remaining == 0) is not (number == len(plan.targets))
        ):
            raise InvalidInput(
                "leg_below_minimum",
                f"take_profit {number} closes {part.normalize():f}, worth {notional.normalize():f} USDT: the "
                f"exchange's minimum is {filters.min_notional.normalize():f} (step {filters.step_size}); "
                "give more size or fewer targets",
                field="take_profits",
                numbers={"take_profit": number, "quantity": part, "min_notional": filters.min_notional},
            )


def rest(order: Order) -> Trade:
    """A PENDING trade whose limit waits for the path. Reserves margin and maker fee at its limit price."""
    assert order.plan.limit_price is not None
    order = _sized(order, order.plan.limit_price, FillRole.MAKER)
    plan = order.plan
    assert plan.limit_price is not None
    quantity = size(plan, plan.limit_price, order.instrument.filters)
    check_legs(plan, quantity, order.instrument.filters)
    fee = order.fees.fee(FillRole.MAKER, plan.limit_price, quantity)
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
    filters = order.instrument.filters
    adverse = buy_price if order.plan.direction is Direction.LONG else sell_price
    price = adverse(reference, evidence.slippage, filters.tick_size)
    check_order(order.plan, price)
    order = _sized(order, price, FillRole.TAKER)
    plan = order.plan
    quantity = size(plan, price, filters)
    check_legs(plan, quantity, filters)
    fill = Fill(order.at, price, FillRole.TAKER, order.fees.fee(FillRole.TAKER, price, quantity), evidence)
    return _trade(order, TradeStatus.OPEN, quantity, margin(price, quantity, plan.leverage), fill)


def _sized(order: Order, entry: Decimal, role: FillRole) -> Order:
    if order.sizing is None:
        return order
    margin_wanted = position_size(
        order.sizing,
        order.plan,
        order.equity,
        entry=entry,
        role=role,
        fees=order.fees,
        slippage=order.slippage.of_last_price(order.fill_model),
        tick=order.instrument.filters.tick_size,
    )
    return msgspec.structs.replace(order, plan=msgspec.structs.replace(order.plan, position_size=margin_wanted))


def _trade(order: Order, status: TradeStatus, quantity: Decimal, reserved: Decimal, entry: Fill | None) -> Trade:
    trade = Trade(
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
        stop=Stop(order.plan.stop_loss),
        brackets=order.brackets,
        entry=entry,
    )
    price = entry.price if entry else order.plan.limit_price
    assert price is not None
    notional = quantity * price
    _check_leverage(order, notional)
    trade = msgspec.structs.replace(trade, brackets=reachable(order.brackets, notional))
    check_stop_holds(trade)
    return trade if entry is None else started(trade)


def _check_leverage(order: Order, notional: Decimal) -> None:
    """Raises InvalidInput where the exchange would not give the plan's leverage to a position of this size."""
    if not order.brackets:
        return
    bracket = bracket_of(order.brackets, notional)
    if order.plan.leverage > bracket.leverage_max or notional > bracket.cap:
        raise InvalidInput(
            "leverage_above_bracket",
            f"{order.instrument} allows leverage {bracket.leverage_max} up to {bracket.cap:f} USDT: the position of "
            f"{notional:.2f} USDT asks for {order.plan.leverage}",
            field="leverage",
            numbers={
                "leverage": order.plan.leverage,
                "max": bracket.leverage_max,
                "notional": notional,
                "cap": bracket.cap,
            },
        )


def check_stop_holds(trade: Trade) -> None:
    """Raises InvalidInput where the position would be liquidated before its stop."""
    price = trade.liquidation_price
    if price is None or (trade.stop.price - price) * trade.plan.direction.sign > 0:
        return
    raise InvalidInput(
        "stop_beyond_liquidation",
        f"stop_loss {trade.stop.price} lies at or beyond the liquidation price {price.normalize():f}: "
        "move the stop or take less leverage",
        field="stop_loss",
        numbers={"stop_loss": trade.stop.price, "liquidation_price": price},
    )
