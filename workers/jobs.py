"""What the clock asks for: the fleet's jobs, their rhythm, and the messages of a slot."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dramatiq import Actor, Message

from services.domain.market import Market
from services.settings import Settings
from services.usecases.context import Services
from services.usecases.halt import is_paused
from services.usecases.plan_cycle import plan_cycle
from services.usecases.plan_scan import plan_scan
from workers import actors
from workers.ticks import Job

CYCLE_OFFSET = timedelta(seconds=1)
"""A cycle begins this long after its minute, so that the minute's bars are closed at the exchange."""
SIGNALS_INTERVAL = timedelta(seconds=5)
"""A signal is traded when it arrives; this finds those whose arrival was not heard."""
SCAN_OFFSET = timedelta(seconds=4)
"""Scans begin this long after their slot: the price cycle of the same minute has left by then."""
SCAN_INTERVAL_MIN = timedelta(seconds=2)
REFRESH_INTERVAL = timedelta(hours=1)
OUTLETS_INTERVAL = timedelta(seconds=1)
"""How long an event waits at most before webhooks and notifications are looked after."""
MAINTENANCE_INTERVAL = timedelta(hours=1)
RECONCILIATION_INTERVAL = timedelta(minutes=10)

FOLLOWING = frozenset({"cycle", "sweep", "funding", "scan"})
"""The first words of the jobs that follow the market: a pause of the fleet stops them, housekeeping goes on."""


def fleet_jobs(settings: Settings, services: Services) -> list[Job]:
    """Every job of the fleet. Messages of short jobs live for two intervals: by then two newer ones exist."""
    return [_pausing(job, services) if job.name.split()[0] in FOLLOWING else job for job in _jobs(settings, services)]


def _jobs(settings: Settings, services: Services) -> list[Job]:
    sweep = timedelta(seconds=float(settings.sweep_seconds))
    return [
        _cycle(settings.cycle_interval, services),
        *(_periodic(f"sweep {market}", sweep, actors.sweep_quotes, market) for market in Market),
        *(_periodic(f"refresh {market}", REFRESH_INTERVAL, actors.refresh_instruments, market) for market in Market),
        *(_scan(market, max(settings.cycle_interval / 4, SCAN_INTERVAL_MIN), services) for market in Market),
        _periodic("funding", settings.cycle_interval / 2, actors.settle_funding),
        _periodic("signals", SIGNALS_INTERVAL, actors.trade_signals),
        _periodic("outlets", OUTLETS_INTERVAL, actors.serve_outlets),
        _periodic("equity", settings.cycle_interval, actors.sample_equity),
        _periodic("maintain", MAINTENANCE_INTERVAL, actors.maintain),
        _periodic("reconcile", RECONCILIATION_INTERVAL, actors.reconcile_books),
    ]


def _pausing(job: Job, services: Services) -> Job:
    """The job, asking for nothing while the fleet is paused. Its slots count as dispatched: nothing is overdue."""

    async def messages(slot: datetime) -> Sequence[Message[None]]:
        return [] if await is_paused(services) else await job.messages(slot)

    return replace(job, messages=messages)


def _cycle(interval: timedelta, services: Services) -> Job:
    """The candle cycle: every shard's paths, once an exchange minute."""

    async def messages(slot: datetime) -> Sequence[Message[None]]:
        return [
            actors.fetch_paths.message_with_options(
                args=(shard.market, list(shard.symbols), slot.isoformat(), shard.number),
                max_age=_milliseconds(2 * interval),
            )
            for shard in await plan_cycle(services, slot)
        ]

    return Job("cycle", interval, messages, CYCLE_OFFSET, is_told=True)


def _scan(market: Market, interval: timedelta, services: Services) -> Job:
    """Scans: the batches that are to be done now, several times an exchange minute.

    Their pace is that of the request weight: what finds none left comes up again the next time.
    """

    async def messages(_slot: datetime) -> Sequence[Message[None]]:
        return [
            actors.scan_pairs.message_with_options(
                args=(batch.market, batch.closed_to.isoformat(), batch.shard), max_age=_milliseconds(2 * interval)
            )
            for batch in await plan_scan(services, market)
        ]

    return Job(f"scan {market}", interval, messages, SCAN_OFFSET)


def _periodic(name: str, interval: timedelta, actor: Actor[Any, None], *arguments: str) -> Job:
    async def messages(_slot: datetime) -> Sequence[Message[None]]:
        return [actor.message_with_options(args=arguments, max_age=_milliseconds(2 * interval))]

    return Job(name, interval, messages)


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
