"""The paper trade: its plan, its state machine, and the record of its fills."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.fees import FeeRates, Role
from services.domain.fills import FillModel, Slippage
from services.domain.market import Instrument
from services.domain.path import Bar


class Direction(StrEnum):
    """LONG profits when the price rises, SHORT when it falls."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def sign(self) -> int:
        """+1 for LONG, -1 for SHORT."""
        return 1 if self is Direction.LONG else -1


class EntryType(StrEnum):
    """MARKET enters at once at bid or ask; LIMIT rests until the path reaches its price."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"


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

    @property
    def is_live(self) -> bool:
        """Whether the path can still change the trade."""
        return self in (TradeStatus.PENDING, TradeStatus.OPEN)


CLOSED = frozenset(status for status in TradeStatus if status.startswith("CLOSED_"))
TRANSITIONS: dict[TradeStatus, frozenset[TradeStatus]] = {
    TradeStatus.PENDING: frozenset({TradeStatus.OPEN, TradeStatus.CANCELLED}),
    TradeStatus.OPEN: CLOSED,
}


class DecidedBy(StrEnum):
    """What kind of data decided a fill."""

    QUOTE = "quote"
    OPEN = "open"
    BAR = "bar"
    SECONDS = "seconds"
    PRINTS = "prints"
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
    """One execution of the whole quantity. `fee` is in USDT, as the ledger books it."""

    time: datetime
    price: Decimal
    role: Role
    fee: Decimal
    evidence: Evidence


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants: prices on the instrument's grid, `position_size` as margin in USDT.

    `limit_price` is None for MARKET.
    """

    direction: Direction
    entry_type: EntryType
    limit_price: Decimal | None
    stop_loss: Decimal
    take_profit: Decimal
    position_size: Decimal
    leverage: int


class Label(msgspec.Struct, frozen=True):
    """What people see on a trade and no rule depends on."""

    created_at: datetime
    source: str = "api"
    notes: str = ""


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One paper trade. Values in, new values out: the walk never changes one, it returns the next.

    quantity     in base asset, on the step
    reserved     USDT held back from the account's free balance; 0 once the trade is final
    slippage     frozen at creation, applied to stops and market fills by `fill_model`
    active_from  the path before this instant does not count
    held_from    the minute from which the walk waits for finer data; None when it waits for nothing
    version      counts stored states; an edit or transition is decided on one and writes the next
    profit_loss  net profit in USDT once closed: the sum of the trade's ledger rows
    ambiguous    an order inside a bar had to be assumed because no data tells it
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
    held_from: datetime | None = None
    entry: Fill | None = None
    exit: Fill | None = None
    profit_loss: Decimal | None = None
    ambiguous: bool = False
    version: int = 1

    def moved_to(self, status: TradeStatus, **changes: object) -> "Trade":
        """This trade in another status. A move the transition table does not know is a bug and asserts."""
        allowed = TRANSITIONS.get(self.status, frozenset())
        assert status in allowed, f"trade {self.id}: no transition {self.status} -> {status}"
        return msgspec.structs.replace(self, status=status, version=self.version + 1, **changes)
