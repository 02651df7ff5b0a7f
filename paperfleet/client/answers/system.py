"""How the system stands: trades, cycles, lag, request weight, processes, servers."""

from datetime import datetime
from decimal import Decimal

import msgspec

from paperfleet.client.answers.operations import Halt, QueueDepth


class Lag(msgspec.Struct, frozen=True):
    """How far a pair's judged path is behind the exchange's present, in its seconds."""

    market_type: str
    symbol: str
    judged_to: datetime
    seconds: float


class Feed(msgspec.Struct, frozen=True):
    """A market as the fleet sees it: its time, and the age of its quotes in seconds (None: never seen any)."""

    exchange_time: datetime
    quote_age_seconds: float | None


class Usage(msgspec.Struct, frozen=True):
    """The request weight used now and the limit; for how long nobody may ask, and why; what it was used for."""

    used: int
    limit: int
    paused_seconds: float
    reason: str
    by_purpose: dict[str, int]
    others: int


class Closed(msgspec.Struct, frozen=True):
    """A trade that has closed lately; profit in USDT."""

    trade_id: int
    symbol: str
    market_type: str
    direction: str
    status: str
    profit_loss: Decimal | None
    exit_time: datetime | None


class Job(msgspec.Struct, frozen=True):
    """A scheduled job: its last slot, and how many seconds ago the last one began."""

    job: str
    slot: datetime
    age_seconds: float | None


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """The newest scan of a market; `seconds` is None while it goes on."""

    market_type: str
    closed_to: datetime
    timeframes: tuple[str, ...]
    batches: int
    done: int
    signals: int
    seconds: float | None


class Disabled(msgspec.Struct, frozen=True):
    """A strategy that was switched off, and what it failed with."""

    strategy: str
    reason: str
    disabled_at: datetime


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A living process of the fleet, the queues that it serves, and how many database connections it may hold."""

    kind: str
    host: str
    pid: int
    started_at: datetime
    queues: tuple[str, ...] = ()
    connections: int = 0


class Timing(msgspec.Struct, frozen=True):
    """The last run of something: seconds, and when it ended."""

    seconds: float
    at: datetime


class Postgres(msgspec.Struct, frozen=True, kw_only=True):
    """PostgreSQL now: connections in all and at most, size of the database and its budget, oldest open transaction."""

    version: str
    connections: int
    connections_max: int
    size_bytes: int
    budget_bytes: int
    oldest_transaction_seconds: float


class Redis(msgspec.Struct, frozen=True, kw_only=True):
    """Redis or Valkey now; a limit of 0 is none."""

    version: str
    used_bytes: int
    limit_bytes: int
    eviction_policy: str
    appends: bool


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """What is stopped, who is alive (told to admins), queues and servers; None for what cannot be known now."""

    halts: tuple[Halt, ...]
    processes: tuple[Process, ...] = ()
    queues: tuple[QueueDepth, ...] = ()
    quarantined_messages: int | None = None
    timings: dict[str, Timing] = {}
    postgres: Postgres
    redis: Redis | None = None


class BooksState(msgspec.Struct, frozen=True):
    """The last reconciliation: as of when (None: never), and how many rows differ by check, at most 20 each."""

    reconciled_at: datetime | None
    age_seconds: float | None
    differences: dict[str, int]


class LastBackup(msgspec.Struct, frozen=True):
    """The last backup that `paperfleet backup` made: the moment that it holds, and the size of its file."""

    made_at: datetime
    age_seconds: float
    size_bytes: int


class System(msgspec.Struct, frozen=True, kw_only=True):
    """The system in numbers, over all accounts; None is not known now. `backup` is told to admins."""

    epoch: str
    pairs: int
    cycle_slot: datetime | None
    cycle_seconds: float | None
    late_batches: int
    open_trades: int
    pending_trades: int
    closed_tp: int
    closed_sl: int
    held_trades: int
    trades: dict[str, int]
    lag_seconds: float | None
    lag: tuple[Lag, ...]
    feeds: dict[str, Feed]
    weight: dict[str, Usage]
    recent_closes: tuple[Closed, ...]
    jobs: tuple[Job, ...]
    scans: tuple[Scan, ...]
    disabled_strategies: tuple[Disabled, ...]
    ambiguous_share: float | None
    books: BooksState
    backup: LastBackup | None = None
    fleet: Fleet
