"""Profit of a trade as the ledger books it: one row per cause, the profit is their sum."""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.money import ZERO, ledger_amount
from services.domain.trade import Fill, Trade, TradeStatus


class LedgerKind(StrEnum):
    """Why a balance changed."""

    DEPOSIT = "deposit"
    ENTRY_FEE = "entry_fee"
    GROSS_PROFIT = "gross_profit"
    EXIT_FEE = "exit_fee"
    LOSS_CAP = "loss_cap"


class LedgerRow(msgspec.Struct, frozen=True):
    """One booking of a trade, in USDT; positive raises the balance."""

    trade_id: int
    kind: LedgerKind
    amount: Decimal


def margin(price: Decimal, quantity: Decimal, leverage: int) -> Decimal:
    """The isolated margin of a position in USDT: notional / leverage."""
    return ledger_amount(price * quantity / leverage)


def entry_rows(trade: Trade) -> Iterator[LedgerRow]:
    """What opening books."""
    assert trade.entry is not None
    yield LedgerRow(trade.id, LedgerKind.ENTRY_FEE, -trade.entry.fee)


def exit_rows(trade: Trade) -> Iterator[LedgerRow]:
    """What closing books: gross profit, exit fee, and a cap where the loss would exceed the margin.

    gross = (exit - entry) x quantity for LONG, negated for SHORT. Isolated margin: gross - exit fee never takes
    more than the margin; what goes beyond is given back by `loss_cap`.
    """
    assert trade.entry is not None
    assert trade.exit is not None
    move = (trade.exit.price - trade.entry.price) * trade.plan.direction.sign
    gross = ledger_amount(move * trade.quantity)
    yield LedgerRow(trade.id, LedgerKind.GROSS_PROFIT, gross)
    yield LedgerRow(trade.id, LedgerKind.EXIT_FEE, -trade.exit.fee)
    excess = -(gross - trade.exit.fee) - margin(trade.entry.price, trade.quantity, trade.plan.leverage)
    if excess > 0:
        yield LedgerRow(trade.id, LedgerKind.LOSS_CAP, excess)


def closed(trade: Trade, status: TradeStatus, fill: Fill) -> Trade:
    """The open `trade` after its exit: final, nothing reserved, its profit the sum of its ledger rows."""
    after = trade.moved_to(status, exit=fill, reserved=ZERO)
    rows = (*entry_rows(after), *exit_rows(after))
    return msgspec.structs.replace(after, profit_loss=sum((row.amount for row in rows), ZERO))


def unrealized_profit(trade: Trade, bid: Decimal, ask: Decimal) -> Decimal | None:
    """Net profit in USDT if an open trade were closed at bid (LONG) or ask (SHORT) now, taker fee included."""
    if trade.entry is None or trade.exit is not None:
        return None
    price = bid if trade.plan.direction.sign > 0 else ask
    move = (price - trade.entry.price) * trade.plan.direction.sign
    fee = trade.fees.taker * price * trade.quantity
    return ledger_amount(move * trade.quantity - fee - trade.entry.fee)
