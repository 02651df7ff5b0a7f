"""One tick of one job: claim the slot, enqueue what it asks for, note that it is done."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from dramatiq import Message

from services import traces
from services.db import slots
from services.db.pool import Pool
from workers.broker import FleetBroker
from workers.observe import OVERDUE, SLOT_SECONDS

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """Something the clock asks for once every `interval`, `offset` after the interval's begin.

    `messages` says what a slot asks for. It may be asked twice for one slot, and its messages may be sent twice, where
    a scheduler dies between sending them and noting that, and the slot lasts long enough to be taken over. What they do
    must be done once, however often they come. `is_told` jobs log each slot at INFO: those that come once a minute.
    """

    name: str
    interval: timedelta
    messages: Callable[[datetime], Awaitable[Sequence[Message[None]]]]
    offset: timedelta = timedelta(0)
    is_told: bool = False

    @property
    def tick_interval(self) -> timedelta:
        """How often a scheduler looks: often enough to be in time, seldom enough to cost nothing."""
        return min(max(self.interval / 4, timedelta(milliseconds=200)), timedelta(seconds=1))


async def tick(job: Job, pool: Pool, broker: FleetBroker, *, reclaim_after: timedelta = slots.RECLAIM_AFTER) -> None:
    """Dispatches the job's present slot, unless somebody has or is about to.

    Raises TimeoutError when that takes as long as others wait before they take the slot over; whatever is raised,
    the slot is taken over by then.
    """
    structlog.contextvars.bind_contextvars(job=job.name)
    claimed_at = time.monotonic()
    async with asyncio.timeout(reclaim_after.total_seconds()):
        async with pool.connection() as connection:
            slot = await slots.claim(connection, job.name, job.interval, offset=job.offset, reclaim_after=reclaim_after)
        if slot is None:
            return
        told = {"slot": slot.isoformat()}
        with structlog.contextvars.bound_contextvars(**told), traces.span(f"tick {job.name}", attributes=told):
            # Before anything is sent: who dies after it leaves a trace of what may have been sent.
            log.debug("slot claimed")
            if not await _dispatch(job, slot, pool, broker, claimed_at + reclaim_after.total_seconds()):
                return
    SLOT_SECONDS.labels(job.name).observe(time.monotonic() - claimed_at)


async def _dispatch(job: Job, slot: datetime, pool: Pool, broker: FleetBroker, until: float) -> bool:
    """Enqueue what the slot asks for; False once it is `until` (monotonic): then the slot is somebody else's."""
    messages = await job.messages(slot)
    if time.monotonic() >= until:
        # Frozen since the claim: the timer that ends this has not run yet.
        log.warning("slot abandoned: too late")
        return False
    await asyncio.to_thread(broker.enqueue_many, messages)
    async with pool.connection() as connection:
        await slots.dispatched(connection, job.name, slot)
    log.log(logging.INFO if job.is_told else logging.DEBUG, "slot dispatched", messages=len(messages))
    return True


class Watchdog:
    """Tells when a job has fallen behind: its last dispatched slot began over two intervals ago."""

    def __init__(self, jobs: Sequence[Job], pool: Pool) -> None:
        self._jobs = jobs
        self._pool = pool
        self.overdue: frozenset[str] = frozenset()
        """The jobs behind at the last look."""

    async def look(self) -> None:
        """Logs each job that has fallen behind since the last look, and each that has caught up."""
        async with self._pool.connection() as connection:
            ages = {state.job: state.age for state in await slots.states(connection)}
        overdue = frozenset(job.name for job in self._jobs if _is_overdue(job, ages.get(job.name)))
        for name in sorted(overdue - self.overdue):
            log.error("job overdue", job=name, age=str(ages.get(name)))
        for name in sorted(self.overdue - overdue):
            log.info("job caught up", job=name)
        for job in self._jobs:
            OVERDUE.labels(job.name).set(job.name in overdue)
        self.overdue = overdue


def _is_overdue(job: Job, age: timedelta | None) -> bool:
    return age is None or age > 2 * job.interval + job.offset
