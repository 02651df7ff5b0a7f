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
    """What an account did with a signal: the trade that it opened, or why there is none.

    An EXIT has outcome `closed`, and in numbers its `trade_ids`, apart by blanks.
    """

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
    action: str
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
    """What an account would do: `accepted` with the trade, `closed` with the trades that end; or why not."""

    account_id: int
    outcome: str
    closes: tuple[int, ...] = ()
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


class FollowTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a follower has otherwise than the source; None is as the source has it."""

    entry_type: str | None = None
    position_size: Decimal | None = None
    equity_percent: Decimal | None = None
    risk_percent: Decimal | None = None
    leverage_max: int | None = None


class Follow(msgspec.Struct, frozen=True):
    """An account that takes a source's signals since `followed_at`."""

    source_id: int
    account_id: int
    overrides: FollowTerms
    followed_at: datetime


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A source of signals and its settings; `follows` are one's own accounts', None in lists."""

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
    follows: tuple[Follow, ...] | None = None


class SourceSecret(msgspec.Struct, frozen=True):
    """The secret that alerts are posted with, and the path to post them to; told this once.

    None when the same call was made before.
    """

    secret: str | None
    path: str | None


class SourceStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The last 90 days of a source: signals by status, decisions of one's own accounts by outcome, and why not."""

    signals: dict[str, int]
    refused_for: dict[str, int]
    decisions: dict[str, int]
    declined_for: dict[str, int]
    followers: int
    last_signal_at: datetime | None


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an alert."""

    signal_id: int
    status: str
    repeated: bool


class RowReport(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is no new signal: its line in the file, and the rule that it breaks, or `repeated`."""

    line: int
    signal_id: int
    code: str
    field: str
    reason: str


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import came to; `rows` are the first that are no new signals, rows_left_out how many more."""

    total: int = 0
    stored: int = 0
    repeated: int = 0
    expired: int = 0
    rejected: int = 0
    rows: tuple[RowReport, ...] = ()
    rows_left_out: int = 0
