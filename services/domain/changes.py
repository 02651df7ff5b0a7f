"""A change of one trade, as it is written: states before and after, what it books, and the events it tells."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.profit import LedgerRow, entry_row, exit_rows, void_row
from services.domain.trade import Excursion, Exit, Trade, TradeStatus
from services.domain.view import TradeView, trade_view


class TradeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream tells of a trade: the action, the trade as it stood after it, and the trace it belongs to."""

    type: str = "paper_trade"
    action: str
    trade: TradeView
    traceparent: str | msgspec.UnsetType = msgspec.UNSET


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One trade's way from `before` (None: it is new) over `steps` to `after`.

    `steps` are the states worth telling, the last of them equal to `after` but for what only the walk needs.
    `command_at` is when a waiting command is due, `command_done` that one was applied or dropped.
    `funds_needed` is the free balance a new trade asks for.
    """

    before: Trade | None
    after: Trade
    steps: tuple[Trade, ...] = ()
    command_at: datetime | None = None
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
        return self.after.exit is not None and not self.voids

    @property
    def voids(self) -> bool:
        """Whether a closed trade is struck out."""
        return self.after.status is TradeStatus.VOIDED

    def measured(self, excursion: Excursion) -> "Change":
        """This closing with how far the trade went while it was held."""
        after, closed = (msgspec.structs.replace(each, excursion=excursion) for each in (self.after, self.steps[-1]))
        return msgspec.structs.replace(self, after=after, steps=(*self.steps[:-1], closed))

    def ledger(self) -> Iterator[LedgerRow]:
        """What the account books."""
        for previous, step in self._pairs():
            if step.entry is not None and (previous is None or previous.entry is None):
                yield entry_row(step)
            for part, exit_ in self._new_exits(previous, step):
                yield from exit_rows(step.id, part, exit_)
            if previous is not None and step.status is TradeStatus.VOIDED:
                yield void_row(previous)

    def exits(self) -> Iterator[tuple[int, Exit]]:
        """The exits that are new, each with its number from 1."""
        return self._new_exits(self.before, self.after)

    def revisions(self) -> Iterator[Trade]:
        """The states in which the stop or the targets came to stand elsewhere."""
        for previous, step in self._pairs():
            if previous is not None and (previous.stop != step.stop or previous.plan.targets != step.plan.targets):
                yield step

    @staticmethod
    def _new_exits(previous: Trade | None, step: Trade) -> Iterator[tuple[int, Exit]]:
        known = len(previous.exits) if previous else 0
        return enumerate(step.exits[known:], start=known + 1)

    def events(self, at: datetime) -> Iterator[TradeEvent]:
        """One event a step, in order."""
        for previous, step in self._pairs():
            yield TradeEvent(action=_action(previous, step), trade=trade_view(step, at))

    def _pairs(self) -> Iterator[tuple[Trade | None, Trade]]:
        previous = self.before
        for step in self.steps:
            yield previous, step
            previous = step


def voided(trade: Trade, reason: str) -> Change:
    """The change by which a closed trade counts for nothing."""
    after = trade.moved_to(TradeStatus.VOIDED, profit_loss=Decimal(0), void_reason=reason)
    return Change(before=trade, after=after, steps=(after,))


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
    return _ENDS.get(step.status, "closed")


_ENDS = {TradeStatus.CANCELLED: "cancelled", TradeStatus.VOIDED: "voided"}
