"""Commands of people on live trades, frozen with their exchange time and the quote they were given at."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.executions import cancelled, market_fill
from services.domain.money import floor_to
from services.domain.plan import Plan, Target
from services.domain.profit import exited
from services.domain.trade import DecidedBy, Evidence, Reason, Stop, Trade, TradeStatus


class CommandKind(StrEnum):
    """CLOSE an open trade or a part of it, CANCEL a pending one, END or EDIT (stop and targets) either."""

    CLOSE = "close"
    CANCEL = "cancel"
    END = "end"
    """What a source says: a pending trade is cancelled, an open one closed, whichever it is when the time comes."""
    EDIT = "edit"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted command. `at` is exchange time.

    A CLOSE and an END have bid and ask, a CLOSE the `fraction` of what remains (None: all of it). An EDIT has the
    new stop, the new targets in place of those not yet filled, or both; their fractions are shares of what remains.
    """

    kind: CommandKind
    at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    fraction: Decimal | None = None
    stop_loss: Decimal | None = None
    targets: tuple[Target, ...] | None = None


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
    if command.kind is CommandKind.CANCEL or (command.kind is CommandKind.END and trade.entry is None):
        return cancelled(trade, Reason.CANCELLED)
    return _edit(trade, command) if command.kind is CommandKind.EDIT else _close(trade, command)


def edited_plan(trade: Trade, command: Command) -> Plan:
    """The plan with the targets of an EDIT after those already filled, and its stop where no entry was made on it."""
    targets = trade.plan.targets
    if command.targets is not None:
        targets = (*targets[: trade.targets_filled], *command.targets)
    stop = trade.plan.stop_loss if trade.entry is not None or command.stop_loss is None else command.stop_loss
    return msgspec.structs.replace(trade.plan, targets=targets, stop_loss=stop)


def _edit(trade: Trade, command: Command) -> Trade:
    stop = trade.stop if command.stop_loss is None else Stop(command.stop_loss)
    return trade.changed(plan=edited_plan(trade, command), stop=stop, active_from=command.at)


def _close(trade: Trade, command: Command) -> Trade:
    """What rounds to nothing, or would leave nothing, closes the rest."""
    assert command.bid is not None
    assert command.ask is not None
    quantity = trade.remaining
    if command.fraction is not None:
        quantity = floor_to(quantity * command.fraction, trade.instrument.filters.step_size) or quantity
    evidence = Evidence(
        DecidedBy.QUOTE, bid=command.bid, ask=command.ask, slippage=trade.slippage.of_quote(trade.fill_model)
    )
    fill = market_fill(trade, quantity, command.bid if trade.is_long else command.ask, command.at, evidence)
    return exited(trade, fill, Reason.MANUAL, quantity)
