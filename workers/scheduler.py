"""The scheduler process: ticks, nothing else. Any number of them may run, and none is special."""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from services import endings
from services.db import slots
from services.db.pool import Pool
from services.settings import Settings
from workers.broker import FleetBroker
from workers.broker import broker as fleet_broker
from workers.ticks import Job, Watchdog, tick

log = structlog.get_logger(__name__)

WATCH_INTERVAL = timedelta(seconds=5)
MISFIRE_GRACE_SECONDS = 60
"""A tick that could not run in time still runs this much later: it looks at the clock itself."""

FIRST_TICK = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=20)
"""Ticks are counted from here, not from the start of the process: so they fall right behind the begin of a slot, which
the database's clock decides; it may be a little behind this one."""

CLOCK_LOOK_SECONDS = 0.5
CLOCK_STEP_SECONDS = 0.2
"""By more than this, between two looks, a clock has been set; less delays no tick by more."""


class HasPool(Protocol):
    """What the scheduler itself needs of the services."""

    @property
    def pool(self) -> Pool: ...


S = TypeVar("S", bound=HasPool)


def run(
    settings: Settings,
    *,
    open_services: Callable[[Settings], AbstractAsyncContextManager[S]],
    make_jobs: Callable[[Settings, S], Sequence[Job]],
    broker: FleetBroker = fleet_broker,
    reclaim_after: timedelta = slots.RECLAIM_AFTER,
) -> None:
    """Ticks until SIGTERM or SIGINT, then returns. Raises whatever keeps the services from opening.

    A slot claimed by a scheduler that does not dispatch it is taken over after `reclaim_after`.
    """
    broker.connect(settings.redis_url, settings.redis_ca_file)
    try:
        asyncio.run(_run(settings, open_services, make_jobs, broker, reclaim_after))
    finally:
        broker.close()


async def _run(
    settings: Settings,
    open_services: Callable[[Settings], AbstractAsyncContextManager[S]],
    make_jobs: Callable[[Settings, S], Sequence[Job]],
    broker: FleetBroker,
    reclaim_after: timedelta,
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_services(settings) as services:
        jobs = make_jobs(settings, services)
        scheduler = schedule(jobs, services.pool, broker, reclaim_after=reclaim_after)
        scheduler.start()
        following = asyncio.create_task(_follow_clock(scheduler))
        log.info("scheduler ready", jobs=[job.name for job in jobs])
        await stop.wait()
        await endings.end([following])
        scheduler.shutdown()
        await asyncio.sleep(0)  # the shutdown is itself a callback of this loop
        log.info("scheduler stopped")


def schedule(
    jobs: Sequence[Job],
    pool: Pool,
    broker: FleetBroker,
    *,
    reclaim_after: timedelta = slots.RECLAIM_AFTER,
) -> AsyncIOScheduler:
    """A scheduler, not yet started, that ticks `jobs` and watches over them."""
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": MISFIRE_GRACE_SECONDS},
    )
    for job in jobs:
        scheduler.add_job(
            tick,
            IntervalTrigger(seconds=job.tick_interval.total_seconds(), start_date=FIRST_TICK, timezone=UTC),
            args=(job, pool, broker),
            kwargs={"reclaim_after": reclaim_after},
            id=job.name,
        )
    watchdog = Watchdog(jobs, pool)
    scheduler.add_job(
        watchdog.look,
        IntervalTrigger(seconds=WATCH_INTERVAL.total_seconds(), timezone=UTC),
        id="watchdog",
    )
    scheduler.add_listener(_tell, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
    return scheduler


async def _follow_clock(scheduler: AsyncIOScheduler) -> None:
    """Plans the ticks anew when this machine's clock is set: set back, they would wait until it is where it was."""
    ahead = time.time() - time.monotonic()
    while True:
        await asyncio.sleep(CLOCK_LOOK_SECONDS)
        before, ahead = ahead, time.time() - time.monotonic()
        if abs(ahead - before) > CLOCK_STEP_SECONDS:
            log.warning("clock was set", by_seconds=round(ahead - before, 1))
            for job in scheduler.get_jobs():
                job.reschedule(job.trigger)


def _tell(event: JobEvent) -> None:
    """Logs a tick that failed, was missed, or was left out because the one before still runs."""
    if event.code == EVENT_JOB_ERROR:
        if isinstance(event.exception, asyncio.CancelledError):
            return  # the scheduler is stopping; another takes the slot over
        log.error("tick failed", job=event.job_id, error=repr(event.exception))
    elif event.code == EVENT_JOB_MISSED:
        log.error("tick missed", job=event.job_id)
    else:
        log.warning("tick still running", job=event.job_id)
