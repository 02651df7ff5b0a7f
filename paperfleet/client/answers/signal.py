"""Signals and what accounts decided on them; sources."""

from datetime import datetime
from decimal import Decimal

import msgspec

from paperfleet.client.answers.trade import Rules, Trade


class Level(msgspec.Struct, frozen=True):
    """A take-profit at a price, or so many percent of the entry away, and the share that it closes."""

    price: Decimal | None = None
    percent: Decimal | None = None
    fraction: Decimal = Decimal(1)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an account did with a signal: the trade that it opened, or why there is none."""

    signal_id: int
    account_id: int
    outcome: str
    trade_id: int | None
    code: str | None
    reason: str | None
    numbers: dict[str, str]
    decided_at: datetime


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One signal; what it says is None where it was rejected for that. `decisions` are of one's own accounts."""

    id: int
    source_id: int
    source: str
    status: str
    market_type: str | None
    symbol: str | None
    direction: str | None
    entry_type: str | None
    entry_price: Decimal | None
    stop_loss: Decimal | None
    stop_loss_percent: Decimal | None
    take_profits: tuple[Level, ...]
    rules: Rules
    leverage: int | None
    position_size: Decimal | None
    timeframe: str
    strategy: str
    confidence: Decimal | None
    notes: str
    code: str | None
    reason: str | None
    field: str
    numbers: dict[str, str]
    idempotency_key: str | None
    signal_time: datetime
    expires_at: datetime
    received_at: datetime
    updated_at: datetime
    decisions: tuple[Decision, ...] = ()
    payload: str | None = None


class WouldBe(msgspec.Struct, frozen=True, kw_only=True):
    """What an account would do: `accepted` with the trade; `rejected`, `expired` or `waiting` with the reason."""

    account_id: int
    outcome: str
    trade: Trade | None = None
    code: str | None = None
    reason: str | None = None
    field: str = ""
    numbers: dict[str, str] = {}


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What saying a signal would do now; `repeats` is the signal that it would be taken for."""

    signal: Signal
    repeats: int | None
    auto_trade: bool
    accounts: tuple[WouldBe, ...]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A source of signals and its settings."""

    id: int
    name: str
    is_own: bool
    is_public: bool
    auto_trade: bool
    has_secret: bool
    created_at: datetime
    market_type: str | None
    entry_type: str | None
    position_size: Decimal | None
    leverage_max: int | None
    stop_loss_percent: Decimal | None
    take_profit_percent: Decimal | None
    max_lag_seconds: int
    dedup_seconds: int
