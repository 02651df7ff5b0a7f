"""What is sent to make and change things, by the names that the API has for its fields."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, Required, TypedDict

from paperfleet.client.answers.outlet import QuietHours, Rule
from paperfleet.client.answers.signal import Level
from paperfleet.client.answers.trade import Target, Trailing

Market = Literal["SPOT", "FUTURES"]
Direction = Literal["LONG", "SHORT"]
SignalAction = Literal["ENTRY", "EXIT"]
EntryType = Literal["MARKET", "LIMIT"]
FillModel = Literal["optimistic", "realistic", "harsh"]
Scope = Literal["read", "trade", "admin"]
Role = Literal["admin", "user"]
Halted = Literal["fleet", "new_trades"]
DeliveryState = Literal["waiting", "delivered", "dead"]
CardBy = Literal["strategy", "symbol", "direction", "timeframe", "source"]
GroupBy = Literal["symbol", "direction", "market", "source", "day", "hour", "exit_reason", "r_multiple"]
Timeframe = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"]


class TradeFilter(TypedDict, total=False):
    """Which trades: those for which all that is told is so, made from `since` on and before `until`."""

    status: Sequence[str]
    market_type: Market | None
    symbol: str | None
    direction: Direction | None
    source: str | None
    account_id: int | None
    since: datetime | date | str | None
    until: datetime | date | str | None


class NewTrade(TypedDict, total=False):
    """A trade that shall be opened; what the fields mean is in docs/api.md. At most one of the three sizes."""

    market_type: Required[Market]
    symbol: Required[str]
    direction: Required[Direction]
    stop_loss: Required[Decimal | str]
    take_profit: Decimal | str
    take_profits: list[Target]
    entry_type: EntryType
    entry_price: Decimal | str
    entry_zone: tuple[Decimal | str, Decimal | str]
    break_even_after: int
    follow_targets: bool
    trailing: Trailing
    time_stop: timedelta
    entry_expires_at: datetime
    cancel_on_target: bool
    cancel_on_stop: bool
    position_size: Decimal | str
    equity_percent: Decimal | str
    risk_percent: Decimal | str
    leverage: int
    fill_model: FillModel
    source: str
    notes: str
    account_id: int


class NewSignal(TypedDict, total=False):
    """What a source says; what the fields mean is in docs/signals.md."""

    source: str
    market_type: Required[Market]
    symbol: Required[str]
    action: SignalAction
    direction: Direction
    entry_type: EntryType
    entry_price: Decimal | str
    entry_zone: tuple[Decimal | str, Decimal | str]
    entry_expires_at: datetime
    stop_loss: Decimal | str
    stop_loss_percent: Decimal | str
    take_profit: Decimal | str
    take_profit_percent: Decimal | str
    take_profits: list[Level]
    trailing: Trailing
    break_even_after: int
    follow_targets: bool
    time_stop: timedelta
    cancel_on_target: bool
    cancel_on_stop: bool
    leverage: int
    position_size: Decimal | str
    timeframe: str
    strategy: str
    confidence: Decimal | str
    signal_time: datetime
    expires_at: datetime
    max_lag_seconds: int
    notes: str


class Overrides(TypedDict, total=False):
    """What shall be otherwise than a signal says."""

    entry_type: EntryType
    position_size: Decimal | str
    equity_percent: Decimal | str
    risk_percent: Decimal | str
    leverage_max: int


class Terms(TypedDict, total=False):
    """An account's name and what holds for its trades from now on; a limit of None is none."""

    name: str
    fill_model: FillModel
    spot_fees: dict[str, Decimal | str]
    futures_fees: dict[str, Decimal | str]
    max_open_trades: int | None
    max_symbol_exposure: Decimal | str | None
    max_leverage: int | None


class SourceSettings(TypedDict, total=False):
    """How a source's signals are taken, as docs/signals.md has it; None takes a setting away."""

    is_public: bool
    auto_trade: bool
    market_type: Market | None
    entry_type: EntryType | None
    position_size: Decimal | str | None
    leverage_max: int | None
    stop_loss_percent: Decimal | str | None
    take_profit_percent: Decimal | str | None
    max_lag_seconds: int
    dedup_seconds: int


class NewSource(SourceSettings, total=False):
    """A source that shall be made; unless `follow` is False, one's own account takes its signals."""

    name: Required[str]
    follow: bool


class NewOutlet(TypedDict, total=False):
    """A webhook or notification target that shall be made. Without rules it gets everything of one's own."""

    url: Required[str]
    description: str
    rules: Sequence[Rule]
    quiet_hours: QuietHours | None


class OutletChanges(TypedDict, total=False):
    """What shall be otherwise with one; what is absent stays."""

    url: str
    description: str
    rules: Sequence[Rule]
    enabled: bool
    quiet_hours: QuietHours | None
