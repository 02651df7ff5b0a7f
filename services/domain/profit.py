"""Profit of a trade as the ledger books it: one row per cause and exit, the profit is their sum."""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.fees import FillRole
from services.domain.money import ZERO, ledger_amount, margin
from services.domain.trade import CLOSED_BY, Exit, Fill, Reason, Trade


class LedgerKind(StrEnum):
    """Why a balance changed."""

    DEPOSIT = "deposit"
    ENTRY_FEE = "entry_fee"
    GROSS_PROFIT = "gross_profit"
    EXIT_FEE = "exit_fee"
    LOSS_CAP = "loss_cap"
    FUNDING = "funding"
    VOID = "void"
    """All that a trade had booked, taken back."""


class LedgerRow(msgspec.Struct, frozen=True):
    """One booking of a trade, in USDT; positive raises the balance. `part` is the number of its exit, from 1."""

    trade_id: int
    kind: LedgerKind
    amount: Decimal
    part: int = 0


def entry_row(trade: Trade) -> LedgerRow:
    """What opening books."""
    assert trade.entry is not None
    return LedgerRow(trade.id, LedgerKind.ENTRY_FEE, -trade.entry.fee)


def exit_rows(trade_id: int, part: int, exit_: Exit) -> Iterator[LedgerRow]:
    """What an exit books: gross profit, fee, funding, and a cap where the loss would exceed the part's margin."""
    yield LedgerRow(trade_id, LedgerKind.GROSS_PROFIT, exit_.gross, part)
    yield LedgerRow(trade_id, LedgerKind.EXIT_FEE, -exit_.fill.fee, part)
    if exit_.cap > 0:
        yield LedgerRow(trade_id, LedgerKind.LOSS_CAP, exit_.cap, part)
    if exit_.funding:
        yield LedgerRow(trade_id, LedgerKind.FUNDING, -exit_.funding, part)


def void_row(before: Trade) -> LedgerRow:
    """What takes back everything that the closed trade `before` has booked."""
    assert before.profit_loss is not None
    return LedgerRow(before.id, LedgerKind.VOID, -before.profit_loss)


def exited(trade: Trade, fill: Fill, reason: Reason, quantity: Decimal) -> Trade:
    """The open `trade` after `quantity` of it has left at `fill`; final when that was the rest.

    gross = (exit - entry) x quantity for LONG, negated for SHORT; a liquidation takes all the margin. Isolated: gross
    - fee never takes more than the margin that the part releases; what goes beyond is given back. Funding since the
    exit before is booked with it. Raises FundingDue when that is not known yet.
    """
    assert trade.entry is not None
    rest = trade.remaining - quantity
    assert quantity > 0 <= rest, f"trade {trade.id}: {quantity} of {trade.remaining} cannot leave"
    held_back = margin(trade.entry.price, rest, trade.plan.leverage)
    released = trade.reserved - held_back
    sign = trade.plan.direction.sign
    gross = ledger_amount((fill.price - trade.entry.price) * sign * quantity)
    if reason is Reason.LIQUIDATION:
        gross = -released
    cap = max(ZERO, -(gross - fill.fee) - released)
    funding = ledger_amount(trade.funding.owed(fill.time) * sign * trade.remaining) or ZERO
    exits = (*trade.exits, Exit(reason, quantity, fill, gross, cap, funding))
    if rest > 0:
        return trade.changed(exits=exits, reserved=held_back, funding=trade.funding.since(fill.time))
    net = sum((exit_.net for exit_ in exits), -trade.entry.fee)
    return trade.moved_to(CLOSED_BY[reason], exits=exits, reserved=ZERO, profit_loss=net)


def average_exit_price(trade: Trade) -> Decimal | None:
    """The mean price of all exits, weighted by quantity; None before the first."""
    quantity = sum((exit_.quantity for exit_ in trade.exits), ZERO)
    if not quantity:
        return None
    if len(trade.exits) == 1:
        return trade.exits[0].fill.price
    return ledger_amount(sum((exit_.fill.price * exit_.quantity for exit_ in trade.exits), ZERO) / quantity)


def fees(trade: Trade) -> Decimal | None:
    """All fees so far in USDT; None before the entry."""
    return None if trade.entry is None else sum((exit_.fill.fee for exit_ in trade.exits), trade.entry.fee)


def funding(trade: Trade) -> Decimal | None:
    """All funding booked so far in USDT, negative was received; None before the entry."""
    return None if trade.entry is None else sum((exit_.funding for exit_ in trade.exits), ZERO)


def unrealized_profit(trade: Trade, bid: Decimal, ask: Decimal) -> Decimal | None:
    """What the rest of an open trade would bring at bid (LONG) or ask (SHORT) now, in USDT.

    Its taker fee, its share of the entry fee, and the funding settled so far are taken off. None for a trade that is
    not open.
    """
    if trade.entry is None or trade.exit is not None:
        return None
    rest = trade.remaining
    price = bid if trade.is_long else ask
    move = (price - trade.entry.price) * trade.plan.direction.sign
    fee = trade.fees.fee(FillRole.TAKER, price, rest)
    owed = trade.funding.total * trade.plan.direction.sign
    return ledger_amount((move - owed) * rest - trade.entry.fee * rest / trade.quantity) - fee
