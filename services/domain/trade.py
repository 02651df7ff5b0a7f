"""The paper trade: its plan, its state machine, and the record of its fills."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.brackets import Brackets, liquidation_price
from services.domain.fees import FeeRates, FillRole
from services.domain.fills import FillModel, Slippage
from services.domain.funding import NO_FUNDING, Funding
from services.domain.market import Instrument
from services.domain.money import ZERO, margin
from services.domain.path import Bar
from services.domain.plan import Direction, Plan


class TradeStatus(StrEnum):
    """Where a trade stands. PENDING and OPEN are live; every other status is final."""

    PENDING = "PENDING"
    OPEN = "OPEN"
    CLOSED_TP = "CLOSED_TP"
    CLOSED_SL = "CLOSED_SL"
    CLOSED_MANUAL = "CLOSED_MANUAL"
    CLOSED_LIQUIDATED = "CLOSED_LIQUIDATED"
    CLOSED_EXPIRED = "CLOSED_EXPIRED"
    CANCELLED = "CANCELLED"
    VOIDED = "VOIDED"
    """It was closed, and counts for nothing: an operator found the closing wrong. Its fills stay to be looked at."""

    @property
    def is_live(self) -> bool:
        """Whether the path can still change the trade."""
        return self in (TradeStatus.PENDING, TradeStatus.OPEN)


CLOSED = frozenset(status for status in TradeStatus if status.startswith("CLOSED_"))
TRANSITIONS: dict[TradeStatus, frozenset[TradeStatus]] = {
    TradeStatus.PENDING: frozenset({TradeStatus.OPEN, TradeStatus.CANCELLED}),
    TradeStatus.OPEN: CLOSED,
    **dict.fromkeys(CLOSED, frozenset({TradeStatus.VOIDED})),
}
_HAD_EXIT = CLOSED | {TradeStatus.VOIDED}


class Reason(StrEnum):
    """Why quantity left a trade, or why it was cancelled before its entry."""

    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"
    BREAK_EVEN = "break_even"
    TARGET_STOP = "target_stop"
    """The stop that had followed to the target before the last one filled."""
    TRAILING_STOP = "trailing_stop"
    MANUAL = "manual"
    LIQUIDATION = "liquidation"
    DELISTED = "delisted"
    """The pair was taken off the exchange: settled, no order."""
    TIME_STOP = "time_stop"
    CANCELLED = "cancelled"
    ENTRY_EXPIRED = "entry_expired"
    TARGET_BEFORE_ENTRY = "target_before_entry"
    STOP_BEFORE_ENTRY = "stop_before_entry"


CLOSED_BY = {
    Reason.TAKE_PROFIT: TradeStatus.CLOSED_TP,
    Reason.STOP_LOSS: TradeStatus.CLOSED_SL,
    Reason.BREAK_EVEN: TradeStatus.CLOSED_SL,
    Reason.TARGET_STOP: TradeStatus.CLOSED_SL,
    Reason.TRAILING_STOP: TradeStatus.CLOSED_SL,
    Reason.MANUAL: TradeStatus.CLOSED_MANUAL,
    Reason.LIQUIDATION: TradeStatus.CLOSED_LIQUIDATED,
    Reason.DELISTED: TradeStatus.CLOSED_EXPIRED,
    Reason.TIME_STOP: TradeStatus.CLOSED_EXPIRED,
}
"""The status of a trade by the reason of its last exit."""
STOPS = frozenset({Reason.STOP_LOSS, Reason.BREAK_EVEN, Reason.TARGET_STOP, Reason.TRAILING_STOP})


class DecidedBy(StrEnum):
    """What kind of data decided a fill."""

    QUOTE = "quote"
    OPEN = "open"
    BAR = "bar"
    MINUTES = "minutes"
    SECONDS = "seconds"
    PRINTS = "prints"
    MARK = "mark"
    """The bar of the mark price."""
    SETTLEMENT = "settlement"
    """No order: the contract settled, at this mark price."""
    OPERATOR = "operator"
    """No order: the pair was taken off the exchange, and worth this by an operator's word."""
    LAST_PRICE = "last_price"
    """No order: the pair was taken off the exchange, and nothing later than this price is known."""
    ADVERSE = "adverse"
    """Nothing finer is to be had and the bar does not tell: the adverse order was assumed."""


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a fill happened where and when it did: the deciding data, and the quote or the bar themselves."""

    decided_by: DecidedBy
    bar: Bar | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    slippage: Decimal = Decimal(0)


class Fill(msgspec.Struct, frozen=True):
    """One execution. `fee` is in USDT, as the ledger books it."""

    time: datetime
    price: Decimal
    role: FillRole
    fee: Decimal
    evidence: Evidence


class Exit(msgspec.Struct, frozen=True):
    """A part of the quantity, closed. All in USDT:

    gross    its profit before fees
    cap      what is given back of a loss beyond the part's margin
    funding  what all of the quantity held since the exit before has paid; negative was received
    """

    reason: Reason
    quantity: Decimal
    fill: Fill
    gross: Decimal
    cap: Decimal
    funding: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What this exit leaves, in USDT; the entry fee is not in it."""
        return self.gross - self.fill.fee + self.cap - self.funding


class Excursion(msgspec.Struct, frozen=True):
    """The worst and the best unrealized gross profit of a closed trade while it was held, USDT; mae <= 0 <= mfe."""

    mae: Decimal
    mfe: Decimal


class Stop(msgspec.Struct, frozen=True):
    """Where the stop stands now, and what put it there: STOP_LOSS is the plan or an edit."""

    price: Decimal
    reason: Reason = Reason.STOP_LOSS


class Trail(msgspec.Struct, frozen=True):
    """The highest trailing level that was touched (lowest for SHORT), and the step to the next; both prices."""

    level: Decimal
    step: Decimal


class Label(msgspec.Struct, frozen=True):
    """What people see on a trade and no rule depends on; `signal_id` is the signal that it was made for."""

    created_at: datetime
    source: str = "api"
    notes: str = ""
    signal_id: int | None = None


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One paper trade. Values in, new values out: the walk never changes one, it returns the next.

    quantity     in base asset, on the step; what was entered, whatever has left since
    reserved     USDT held back from the account's free balance; 0 once the trade is final
    slippage     frozen at creation, applied to stops and market fills by `fill_model`
    active_from  the path before this instant does not count
    stop         where the stop stands now; the plan keeps where it was meant to be
    trail        how far trailing has come; None before its activation
    brackets     maintenance brackets, frozen at creation; empty where there is no liquidation
    funding      what the position owes since its quantity last changed
    held_from    the minute from which the walk waits for data; None when it waits for nothing
    exits        what has left, in order
    cancelled_for  why a trade without an entry ended
    version      counts stored states; an edit or transition is decided on one and writes the next
    profit_loss  net profit in USDT once closed: the sum of the trade's ledger rows
    void_reason  why an operator had it count for nothing; None of a trade that counts
    ambiguous    an order inside a bar had to be assumed because no data tells it
    excursion    how far it went while it was held; None while it lives, and where candles are not complete
    """

    id: int
    account_id: int
    instrument: Instrument
    plan: Plan
    label: Label
    quantity: Decimal
    fees: FeeRates
    fill_model: FillModel
    slippage: Slippage
    status: TradeStatus
    reserved: Decimal
    active_from: datetime
    stop: Stop
    trail: Trail | None = None
    brackets: Brackets = ()
    funding: Funding = NO_FUNDING
    held_from: datetime | None = None
    entry: Fill | None = None
    exits: tuple[Exit, ...] = ()
    cancelled_for: Reason | None = None
    profit_loss: Decimal | None = None
    ambiguous: bool = False
    version: int = 1
    excursion: Excursion | None = None
    void_reason: str | None = None

    @property
    def is_long(self) -> bool:
        """Whether the trade profits from rising prices."""
        return self.plan.direction is Direction.LONG

    @property
    def remaining(self) -> Decimal:
        """The quantity that has not left yet."""
        return self.quantity - sum((exit_.quantity for exit_ in self.exits), Decimal(0))

    @property
    def targets_filled(self) -> int:
        """How many of the plan's targets have filled; the next one has this index."""
        return sum(exit_.reason is Reason.TAKE_PROFIT for exit_ in self.exits)

    @property
    def liquidation_price(self) -> Decimal | None:
        """The mark price at which what remains is liquidated, or would be once entered at the limit. None: at none."""
        if not self.brackets or not self.status.is_live:
            return None
        entry = self.plan.limit_price if self.entry is None else self.entry.price
        assert entry is not None
        wallet = margin(entry, self.remaining, self.plan.leverage)
        return liquidation_price(self.plan.direction, entry, self.remaining, wallet, self.brackets)

    @property
    def exit(self) -> Fill | None:
        """The last fill of a closed trade."""
        return self.exits[-1].fill if self.status in _HAD_EXIT else None

    @property
    def ended_by(self) -> Reason | None:
        """Why the trade is final; None while it lives."""
        return self.exits[-1].reason if self.status in _HAD_EXIT else self.cancelled_for

    def changed(self, **changes: object) -> "Trade":
        """The next state of this trade in the same status."""
        return msgspec.structs.replace(self, version=self.version + 1, **changes)

    def moved_to(self, status: TradeStatus, **changes: object) -> "Trade":
        """This trade in another status. A move the transition table does not know is a bug and asserts."""
        allowed = TRANSITIONS.get(self.status, frozenset())
        assert status in allowed, f"trade {self.id}: no transition {self.status} -> {status}"
        return self.changed(status=status, **changes)
