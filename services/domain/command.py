"""Commands of people on live trades, frozen with their exchange time and the quote they were given at."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.fees import Role
from services.domain.fills import buy_price, sell_price
from services.domain.profit import closed
from services.domain.trade import DecidedBy, Direction, Evidence, Fill, Trade, TradeStatus


class CommandKind(StrEnum):
    """CLOSE an open trade, CANCEL a pending one, EDIT the stop and target of either."""

    CLOSE = "close"
    CANCEL = "cancel"
    EDIT = "edit"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted command. `at` is exchange time; bid and ask are set for CLOSE, stop and target for EDIT."""

    kind: CommandKind
    at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


def applies(trade: Trade, command: Command) -> bool:
    """Whether the trade's status still allows the command."""
    if command.kind is CommandKind.CLOSE:
        return trade.status is TradeStatus.OPEN
    if command.kind is CommandKind.CANCEL:
        return trade.status is TradeStatus.PENDING
    return trade.status.is_live


def apply(trade: Trade, command: Command) -> Trade:
    """The trade after `command`. The path before `command.at` has been judged already."""
    assert applies(trade, command), f"trade {trade.id}: {command.kind} does not apply to {trade.status}"
    if command.kind is CommandKind.CANCEL:
        return trade.moved_to(TradeStatus.CANCELLED, reserved=Decimal(0))
    if command.kind is CommandKind.EDIT:
        plan = msgspec.structs.replace(
            trade.plan,
            stop_loss=command.stop_loss or trade.plan.stop_loss,
            take_profit=command.take_profit or trade.plan.take_profit,
        )
        return msgspec.structs.replace(trade, plan=plan, active_from=command.at, version=trade.version + 1)
    return _close(trade, command)


def _close(trade: Trade, command: Command) -> Trade:
    assert command.bid is not None
    assert command.ask is not None
    slippage = trade.slippage.of_quote(trade.fill_model)
    tick = trade.instrument.filters.tick_size
    if trade.plan.direction is Direction.LONG:
        price = sell_price(command.bid, slippage, tick)
    else:
        price = buy_price(command.ask, slippage, tick)
    fill = Fill(
        time=command.at,
        price=price,
        role=Role.TAKER,
        fee=trade.fees.fee(Role.TAKER, price, trade.quantity),
        evidence=Evidence(DecidedBy.QUOTE, bid=command.bid, ask=command.ask, slippage=slippage),
    )
    return closed(trade, TradeStatus.CLOSED_MANUAL, fill)
