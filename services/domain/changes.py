"""A change of one trade, as it is written: states before and after, what it books, and the events it tells."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.profit import LedgerRow, entry_rows, exit_rows
from services.domain.trade import Trade, TradeStatus
from services.domain.view import TradeView, trade_view


class TradeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream tells of a trade: the action, and the trade as it stood after it."""

    type: str = "paper_trade"
    action: str
    trade: TradeView


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One trade's way from `before` (None: it is new) over `steps` to `after`.

    `steps` are the states worth telling, the last of them equal to `after` but for what only the walk needs.
    `next_event_at` is when a waiting command is due, `command_done` that one was applied or dropped.
    `funds_needed` is the free balance a new trade asks for.
    """

    before: Trade | None
    after: Trade
    steps: tuple[Trade, ...] = ()
    next_event_at: datetime | None = None
    command_done: bool = False
    funds_needed: Decimal = Decimal(0)

    @property
    def is_stored(self) -> bool:
        """Whether the trade's own row changes, not only what the walk waits for."""
        return bool(self.steps)

    @property
    def opens(self) -> bool:
        """Whether the trade got its entry."""
        return self.after.entry is not None and (self.before is None or self.before.entry is None)

    @property
    def closes(self) -> bool:
        """Whether the trade got its exit."""
        return self.after.exit is not None

    def ledger(self) -> Iterator[LedgerRow]:
        """What the account books."""
        for previous, step in self._pairs():
            if step.entry is not None and (previous is None or previous.entry is None):
                yield from entry_rows(step)
            if step.exit is not None and (previous is None or previous.exit is None):
                yield from exit_rows(step)

    def events(self, at: datetime) -> Iterator[TradeEvent]:
        """One event a step, in order."""
        for previous, step in self._pairs():
            yield TradeEvent(action=_action(previous, step), trade=trade_view(step, at))

    def _pairs(self) -> Iterator[tuple[Trade | None, Trade]]:
        previous = self.before
        for step in self.steps:
            yield previous, step
            previous = step


def created(trade: Trade) -> Change:
    """The change that brings a new trade into being."""
    fee = trade.entry.fee if trade.entry else Decimal(0)
    return Change(before=None, after=trade, steps=(trade,), funds_needed=trade.reserved + fee)


def _action(previous: Trade | None, step: Trade) -> str:
    if step.status is TradeStatus.PENDING and previous is None:
        return "created"
    if previous is not None and previous.status is step.status:
        return "updated"
    if step.status is TradeStatus.OPEN:
        return "opened"
    return "cancelled" if step.status is TradeStatus.CANCELLED else "closed"
