"""What operators look at and mend: halts, lag, queues, quarantine, trades struck out, the audit log."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec


class Halt(msgspec.Struct, frozen=True):
    """Something stopped: the fleet, or new trades."""

    what: str
    reason: str
    by_whom: str
    since: datetime


class Halts(msgspec.Struct, frozen=True):
    """What is stopped, oldest first; empty when everything runs."""

    results: tuple[Halt, ...]


class PairLag(msgspec.Struct, frozen=True, kw_only=True):
    """How far a pair is behind and why, in the exchange's seconds; None while the exchange's clock is not known."""

    market_type: str
    symbol: str
    judged_to: datetime
    seconds: float | None
    live_trades: int
    reason: str
    text: str


class QueueDepth(msgspec.Struct, frozen=True):
    """Messages of a queue: waiting, waiting out a retry's delay, unsettled in all, dead."""

    queue: str
    waiting: int
    delayed: int
    unsettled: int
    dead: int
    oldest_seconds: float | None


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that failed for good."""

    queue: str
    id: str
    died_at: datetime
    actor: str
    error: str


class QuarantinedMessage(msgspec.Struct, frozen=True):
    """A message that was put aside unrun; `size` in bytes."""

    at: datetime
    queue: str
    id: str
    reason: str
    size: int


class Queues(msgspec.Struct, frozen=True):
    """The queues and what was put aside.

    quarantined_prices  jumps that are not believed until the exchange repeats them, each as `market:symbol:minute`
                        (epoch seconds), which is the key to believe or drop it by
    """

    depths: tuple[QueueDepth, ...]
    dead_letters: tuple[DeadLetter, ...]
    quarantined_messages: tuple[QuarantinedMessage, ...]
    quarantined_prices: tuple[str, ...]


class Asked(msgspec.Struct, frozen=True):
    """What a worker was asked for and when, and where its answer will be found."""

    asked_for: str
    asked_at: datetime
    answer: str


class Books(msgspec.Struct, frozen=True):
    """What the last reconciliation found: as of when (None: never), how long ago, and the rows that differ by check."""

    reconciled_at: datetime | None
    age_seconds: float | None
    differences: dict[str, tuple[str, ...]]


class Void(msgspec.Struct, frozen=True):
    """A trade that was struck out: how it had closed, with what profit in USDT, why and by whom."""

    trade_id: int
    account_id: int
    status: str
    profit_loss: Decimal
    reason: str
    by_whom: str
    at: datetime


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change: the columns that differ before and after it, secrets masked; `subject` is the table."""

    id: int
    at: datetime
    user_id: int | None
    via: str
    address: str
    action: str
    subject: str
    subject_id: str
    account_id: int | None
    before: Any
    after: Any


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: `ok`, `warning` or `error`; `mend` says what to do."""

    check: str
    level: str
    text: str
    mend: str = ""


class Findings(msgspec.Struct, frozen=True):
    """Everything that was looked at, and the gravest level among it."""

    worst: str
    findings: tuple[Finding, ...]
