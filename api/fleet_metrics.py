"""The figures of the whole fleet for Prometheus, made of the system's status when they are asked for.

Every API process tells the same, so queries take the maximum, never the sum. Labels are markets, queues, kinds of
processes, statuses, checks and tasks (the jobs: `job` is Prometheus' own): never a symbol, a trade or an account.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.db.reconcile import CHECKS
from services.domain.halts import Halted
from services.usecases.system_status import SystemStatus

PREFIX = "paperfleet_fleet_"
KINDS = ("api", "scheduler", "worker")


def render(status: SystemStatus | None, up: Mapping[str, bool]) -> bytes:
    """The status as Prometheus text; what is not known is left out. Which servers are `up` is always told."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(status, up))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, status: SystemStatus | None, up: Mapping[str, bool]) -> None:
        self._status, self._up = status, up

    def collect(self) -> Iterator[Metric]:
        yield _by("up", "1 while this server tells its part of these figures.", "part", self._up)
        if self._status is None:
            return
        yield from _trades(self._status)
        yield from _books(self._status)
        yield from _backup(self._status)
        yield from _market(self._status)
        yield from _work(self._status)
        yield from _servers(self._status)


def _trades(status: SystemStatus) -> Iterator[Metric]:
    yield _by("trades", "Trades by status.", "status", status.trades)
    yield _one("held_trades", "Live trades that wait for finer data.", status.held_trades)
    yield _one("ambiguous_share", "Share of closed trades with an assumed order, 0 to 1.", status.ambiguous_share)
    yield _one("pairs", "Pairs that take new trades.", status.pairs)


def _books(status: SystemStatus) -> Iterator[Metric]:
    books = status.books
    differ = {} if books.reconciled_at is None else dict.fromkeys(CHECKS, 0) | books.differences
    yield _by("books_differ", "Rows that the last reconciliation found to differ, at most 20 a check.", "check", differ)
    age = math.inf if books.age_seconds is None else books.age_seconds
    yield _one("books_age_seconds", "Since the books were last reconciled; +Inf: never.", age)


def _backup(status: SystemStatus) -> Iterator[Metric]:
    age = None if status.backup is None else status.backup.age_seconds
    yield _one(
        "backup_age_seconds", "Since the moment of the last backup by `paperfleet backup`; absent: it made none.", age
    )


def _market(status: SystemStatus) -> Iterator[Metric]:
    feeds = {market: feed.quote_age_seconds for market, feed in status.feeds.items()}
    yield _by(
        "lag_seconds",
        "Exchange time since the oldest watermark.",
        "market",
        {each.market_type: each.seconds for each in status.lag},
    )
    yield _by("quote_age_seconds", "Age of the newest sweep.", "market", feeds)
    weight = status.weight
    yield _by(
        "weight_used",
        "Request weight of the last exchange minute.",
        "market",
        {market: usage.used for market, usage in weight.items()},
    )
    yield _by(
        "weight_limit",
        "Request weight this fleet may use in it.",
        "market",
        {market: usage.limit for market, usage in weight.items()},
    )
    yield _by(
        "market_paused_seconds",
        "For how long no request may leave.",
        "market",
        {market: usage.paused_seconds for market, usage in weight.items()},
    )
    yield _by(
        "timing_seconds",
        "The last sweep, and the last ring's fetch.",
        "what",
        {what: timing.seconds for what, timing in status.fleet.timings.items()},
    )


def _work(status: SystemStatus) -> Iterator[Metric]:
    fleet = status.fleet
    yield _one("cycle_seconds", "The last finished candle cycle.", status.cycle_seconds)
    yield _one("late_batches", "Batches of the last hour that are past their deadline.", status.late_batches)
    yield _by(
        "job_age_seconds",
        "Since the last dispatched slot of a scheduled job.",
        "task",
        {job.job: job.age_seconds for job in status.jobs},
    )
    if status.fleet.redis is not None:
        alive = Counter(process.kind for process in fleet.processes)
        served = Counter(queue for process in fleet.processes for queue in process.queues)
        yield _by("processes", "Living processes.", "kind", {kind: alive[kind] for kind in KINDS})
        yield _by(
            "queue_servers",
            "Workers that serve a queue.",
            "queue",
            {depth.queue: served[depth.queue] for depth in fleet.queues},
        )
    depths = fleet.queues
    yield _by(
        "queue_waiting", "Messages that wait for a worker.", "queue", {each.queue: each.waiting for each in depths}
    )
    yield _by(
        "queue_unsettled", "Messages waiting or in hand.", "queue", {each.queue: each.unsettled for each in depths}
    )
    yield _by(
        "queue_oldest_seconds",
        "Age of the message that is next.",
        "queue",
        {each.queue: each.oldest_seconds for each in depths},
    )
    yield _by("dead_letters", "Messages that failed for good.", "queue", {each.queue: each.dead for each in depths})
    yield _one("quarantined_messages", "Messages that must not run.", fleet.quarantined_messages)
    stopped = {each.what for each in fleet.halts}
    yield _by("halted", "1 when an operator has stopped it.", "what", {what: int(what in stopped) for what in Halted})


def _servers(status: SystemStatus) -> Iterator[Metric]:
    postgres, redis = status.fleet.postgres, status.fleet.redis
    yield _one("postgres_connections", "Connections in use.", postgres.connections)
    yield _one("postgres_connections_max", "Connections that may be used.", postgres.connections_max)
    yield _one("postgres_bytes", "Size of the database.", postgres.size_bytes)
    yield _one("postgres_budget_bytes", "Size that it may have.", postgres.budget_bytes)
    yield _one("postgres_oldest_transaction_seconds", "The longest open one.", postgres.oldest_transaction_seconds)
    yield _one("redis_bytes", "Memory used.", None if redis is None else redis.used_bytes)
    yield _one(
        "redis_limit_bytes", "Memory that may be used; 0: no limit.", None if redis is None else redis.limit_bytes
    )


def _one(name: str, text: str, value: float | None) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, text)
    if value is not None:
        family.add_metric([], value)
    return family


def _by(name: str, text: str, label: str, values: Mapping[Any, float | None]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, text, labels=[label])
    for key, value in values.items():
        if value is not None:
            family.add_metric([str(key)], value)
    return family
