"""A scheduler process for tests: one job; it says in Redis when it has claimed, and waits there for `may_dispatch`.

`python -m tests.workers.scheduler_process <name> <interval seconds> <reclaim after seconds> [halting]`

With `halting` it halts inside the transaction of its claim, tells so in Redis, and waits for `may_commit`.
"""

import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from services import settings
from services.db import pool, slots
from tests.servers import wait_until
from tests.workers.working import LIMITS
from workers import scheduler
from workers.broker import FleetBroker
from workers.declare import actor
from workers.ticks import Job

broker = FleetBroker()


@actor("work", **LIMITS, on=broker)
async def work(name: str, slot: str) -> None: ...


@dataclass(frozen=True)
class Services:
    pool: pool.Pool


@asynccontextmanager
async def open_services(values: settings.Settings):
    async with pool.create(values.database_url, 2, name="scheduler-test") as opened:
        yield Services(opened)


def make_jobs(_settings: settings.Settings, _services: Services) -> list[Job]:
    name, interval = sys.argv[1], timedelta(seconds=float(sys.argv[2]))

    async def messages(slot: datetime):
        broker.client.rpush("claims", f"{name} {slot.isoformat()}")
        await wait_until(lambda: broker.client.exists("may_dispatch"), 60)
        return [work.message(name, slot.isoformat())]

    return [Job("cycle", interval, messages)]


def halt_inside() -> None:
    claim = slots.claim

    async def halting(*arguments: object, **named: object) -> datetime | None:
        slot = await claim(*arguments, **named)
        broker.client.rpush("inside", str(slot))
        await wait_until(lambda: broker.client.exists("may_commit"), 60)
        return slot

    slots.claim = halting


if __name__ == "__main__":
    if "halting" in sys.argv[4:]:
        halt_inside()
    scheduler.run(
        settings.load(),
        open_services=open_services,
        make_jobs=make_jobs,
        broker=broker,
        reclaim_after=timedelta(seconds=float(sys.argv[3])),
    )
