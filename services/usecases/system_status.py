"""How the system stands: trades, cycles, lag, request weight, jobs."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from services.coordination.weight import Usage
from services.db import books, cycles, last_backup, scans, slots, status
from services.db.last_backup import LastBackup
from services.db.scans import Disabled, ScanState
from services.db.status import Behind, Closed, TradeCounts
from services.domain.errors import Unavailable
from services.domain.market import Market
from services.domain.trade import TradeStatus
from services.usecases.context import Services
from services.usecases.fleet_state import FleetState, read_fleet

T = TypeVar("T")

REDIS_SECONDS = 2.0
"""How long a Redis that hangs may hold up the status."""
CLOSES_SHOWN = 10
CLOSES_AMONG = 1000
"""The newest closings are looked for among this many events; more events than that since a close hide it."""

COUNT_SHARE = 20
"""Counting all trades is repeated after this many times the time it took: at most a twentieth of one backend."""


class Lag(msgspec.Struct, frozen=True):
    """How far the judged path is behind the exchange's present, in exchange seconds, and for which pair."""

    market_type: Market
    symbol: str
    judged_to: datetime
    seconds: float


class Job(msgspec.Struct, frozen=True):
    """A scheduled job: its last slot, and how long ago (wall seconds) the last dispatched one began."""

    job: str
    slot: datetime
    age_seconds: float | None


class Feed(msgspec.Struct, frozen=True):
    """A market as the fleet sees it: its time, and the age of its quotes in wall seconds (null: never seen any)."""

    exchange_time: datetime
    quote_age_seconds: float | None


class BooksState(msgspec.Struct, frozen=True):
    """The last reconciliation: as of when (null: never), and how many rows differ by check, at most 20 each."""

    reconciled_at: datetime | None
    age_seconds: float | None
    differences: dict[str, int]


class SystemStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The system in numbers. Counts are over all accounts; null means not known (yet, or a part is away).

    cycle_seconds   how long the last finished cycle took; cycle_slot is its slot
    late_batches    batches of the last hour's cycles that are past their deadline
    lag_seconds     exchange seconds between now and the oldest watermark of a trading pair; `lag` says which
    feeds           by market, its time and how old its quotes are; one is missing when it cannot be asked
    scans           the newest scan of each market; strategies that raised are in disabled_strategies
    weight          this fleet's budget by market: used now, limit, and a pause in force
    ambiguous_share the share of closed trades whose order inside a bar had to be assumed; 0 to 1
    books           what the last reconciliation of balances, ledger, events and triggers found
    backup          the last backup that `paperfleet backup` made; null where none ever was
    fleet           what is stopped, who is alive, queues, connections, storage
    """

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
    lag: list[Lag]
    feeds: dict[Market, Feed]
    weight: dict[Market, Usage]
    recent_closes: list[Closed]
    jobs: list[Job]
    scans: list[ScanState]
    disabled_strategies: list[Disabled]
    ambiguous_share: float | None
    books: BooksState
    backup: LastBackup | None
    fleet: FleetState


class StatusReader:
    """Reads the status; keeps the trade counts for a while, because they cost a scan of all trades."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._counts: TradeCounts | None = None
        self._count_again_at = 0.0
        self._counting = asyncio.Lock()

    async def read(self, account_ids: tuple[int, ...]) -> SystemStatus:
        """The system now. Raises what keeps the database from answering; Redis may be away."""
        services = self._services
        counts = await self._trade_counts()
        deadline = 2 * services.settings.cycle_interval + timedelta(seconds=10)
        async with services.pool.connection() as connection:
            cycle = await cycles.state(connection, deadline)
            behind = await status.furthest_behind(connection)
            closes = [
                close
                for id_ in account_ids
                for close in await status.recent_closes(connection, f"a{id_}", CLOSES_AMONG, CLOSES_SHOWN)
            ]
            jobs = await slots.states(connection)
            scanned = await scans.newest(connection)
            disabled = await scans.disabled(connection)
            epoch = await status.epoch(connection)
            pairs = await status.trading_pairs(connection)
            kept = await books.last(connection)
            backup = await last_backup.read(connection)
        feeds, weight, fleet = await asyncio.gather(
            _per_market(self._feed), _per_market(services.weight.usage), read_fleet(services)
        )
        lag = _lags(behind, feeds)
        return SystemStatus(
            epoch=epoch,
            pairs=pairs,
            cycle_slot=cycle.slot,
            cycle_seconds=cycle.seconds,
            late_batches=cycle.late_batches,
            open_trades=counts.by_status.get(TradeStatus.OPEN, 0),
            pending_trades=counts.by_status.get(TradeStatus.PENDING, 0),
            closed_tp=counts.by_status.get(TradeStatus.CLOSED_TP, 0),
            closed_sl=counts.by_status.get(TradeStatus.CLOSED_SL, 0),
            held_trades=counts.held,
            trades=counts.by_status,
            lag_seconds=max((each.seconds for each in lag), default=None),
            lag=lag,
            feeds=feeds,
            weight=weight,
            recent_closes=closes[:CLOSES_SHOWN],
            scans=scanned,
            disabled_strategies=disabled,
            jobs=[Job(job.job, job.slot, None if job.age is None else _seconds(job.age)) for job in jobs],
            ambiguous_share=counts.ambiguous_share,
            books=BooksState(
                kept.reconciled_at,
                kept.age_seconds,
                {check: len(rows) for check, rows in kept.differences.items()},
            ),
            backup=backup,
            fleet=fleet,
        )

    async def _trade_counts(self) -> TradeCounts:
        async with self._counting:
            if self._counts is None or time.monotonic() >= self._count_again_at:
                started = time.monotonic()
                async with self._services.pool.connection() as connection:
                    self._counts = await status.trade_counts(connection)
                self._count_again_at = time.monotonic() + COUNT_SHARE * (time.monotonic() - started)
            return self._counts

    async def _feed(self, market: Market) -> Feed:
        now, swept_at = await asyncio.gather(self._services.clock.now(market), self._services.prices.swept_at(market))
        return Feed(now, None if swept_at is None else _seconds(datetime.now(UTC) - swept_at))


def _lags(behind: Sequence[Behind], feeds: Mapping[Market, Feed]) -> list[Lag]:
    return [
        Lag(each.market, each.symbol, each.judged_to, _seconds(feeds[each.market].exchange_time - each.judged_to))
        for each in behind
        if each.market in feeds
    ]


async def _per_market(read: Callable[[Market], Awaitable[T]]) -> dict[Market, T]:
    """What `read` tells of each market; one that cannot be had in time is left out."""
    found = {}
    for market in Market:
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(REDIS_SECONDS):
                found[market] = await read(market)
    return found


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 3)
