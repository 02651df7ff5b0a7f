"""Schedulers: each slot is dispatched exactly once by however many there are, and a dead one costs none."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
import redis
from dramatiq import Message
from structlog.testing import capture_logs

from services.db import pool as pools
from services.db import slots
from services.settings import Settings
from tests.servers import wait_until
from tests.skewed import set_clock
from tests.workers.working import LIMITS
from workers.broker import NAMESPACE
from workers.declare import actor
from workers.scheduler import schedule
from workers.ticks import Job, Watchdog, tick

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def pool(database_url):
    async with pools.create(database_url, 5, name="test") as opened:
        yield opened


@pytest.fixture
def start(redis_url, database_url, tmp_path):
    """Starts scheduler processes; what still runs at the end is killed."""
    processes = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        settings = Settings(database_url=database_url, redis_url=redis_url).to_environment()
        with (tmp_path / "output").open("ab") as output:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.workers.scheduler_process", *arguments],
                    env={**os.environ, **settings, **environment},
                    stdout=output,
                    stderr=output,
                )
            )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def valkey(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield client


def _enqueued(valkey: redis.Redis) -> list[tuple[object, ...]]:
    """The arguments of every message waiting in queue `work`, in order."""
    ids = valkey.lrange(f"{NAMESPACE}:work", 0, -1)
    return [Message.decode(data).args for data in valkey.hmget(f"{NAMESPACE}:work.msgs", ids)] if ids else []


def _job(broker, name: str = "cycle", interval: timedelta = SECOND) -> Job:
    async def note(slot: str) -> None: ...

    declared = broker.actors.get("note") or actor("work", **LIMITS, on=broker)(note)

    async def messages(slot: datetime):
        return [declared.message(slot.isoformat())]

    return Job(name, interval, messages)


async def test_a_slot_is_claimed_once_and_named_by_the_database_clock(pool):
    async with pool.connection() as connection:
        slot = await slots.claim(connection, "job", HOUR)
        assert slot == datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        assert await slots.claim(connection, "job", HOUR) is None
        assert await slots.claim(connection, "other job", HOUR) == slot


async def test_a_slot_begins_its_offset_later(pool):
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
        offset = row[0] - row[0].replace(minute=0, second=0, microsecond=0) + timedelta(seconds=30)
        assert (
            await slots.claim(connection, "job", HOUR, offset=offset)
            == row[0].replace(minute=0, second=0, microsecond=0) - HOUR
        )


async def test_an_undispatched_slot_is_claimed_again_a_dispatched_one_is_not(pool):
    async with pool.connection() as connection:
        slot = await slots.claim(connection, "job", HOUR)
        assert await slots.claim(connection, "job", HOUR) is None
        assert await slots.claim(connection, "job", HOUR, reclaim_after=timedelta(0)) == slot
        assert await slots.dispatched(connection, "job", slot)
        assert await slots.claim(connection, "job", HOUR, reclaim_after=timedelta(0)) is None


async def test_a_slot_that_time_has_passed_is_not_marked(pool):
    async with pool.connection() as connection:
        slot = await slots.claim(connection, "job", HOUR)
        await connection.execute("UPDATE jobs SET slot = slot + interval '1 hour'")
        assert not await slots.dispatched(connection, "job", slot)
        assert await slots.claim(connection, "job", HOUR) is None, "the clock went back: an old slot is nobody's"


async def test_one_of_many_concurrent_claims_wins(database_url):
    async with pools.create(database_url, 20, name="test") as pool:

        async def claim() -> datetime | None:
            async with pool.connection() as connection:
                return await slots.claim(connection, "job", HOUR)

        claims = await asyncio.gather(*[claim() for _ in range(20)])
    assert sum(slot is not None for slot in claims) == 1


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_each_slot_is_dispatched_exactly_once_by_any_number_of_schedulers(count, database_url, broker, valkey):
    async with AsyncExitStack() as stack:
        for number in range(count):
            pool = await stack.enter_async_context(pools.create(database_url, 2, name=f"scheduler-{number}"))
            scheduler = schedule([_job(broker)], pool, broker)
            scheduler.start()
            stack.callback(scheduler.shutdown)
        await wait_until(lambda: len(_enqueued(valkey)) >= 4)
    dispatched = [datetime.fromisoformat(slot) for (slot,) in _enqueued(valkey)]
    assert dispatched == [dispatched[0] + number * SECOND for number in range(len(dispatched))]


async def test_the_slot_of_a_scheduler_killed_between_claim_and_dispatch_is_taken_over(start, valkey):
    victim = start("victim", "3600", "1")
    await wait_until(lambda: valkey.llen("claims") == 1)
    victim.kill()
    valkey.set("may_dispatch", 1)
    start("heir", "3600", "1")
    [(name, slot)] = await wait_until(lambda: _enqueued(valkey))
    assert name == "heir"
    assert valkey.lrange("claims", 0, 0) == [f"victim {slot}".encode()]


async def test_a_scheduler_frozen_after_its_claim_dispatches_nothing_when_it_thaws(start, valkey, tmp_path):
    def given_up() -> bool:
        output = (tmp_path / "output").read_text()
        return "slot abandoned" in output or "tick failed" in output

    frozen = start("frozen", "3600", "1")
    await wait_until(lambda: valkey.llen("claims") == 1)
    frozen.send_signal(signal.SIGSTOP)
    try:
        valkey.set("may_dispatch", 1)
        start("heir", "3600", "1")
        await wait_until(lambda: _enqueued(valkey))
    finally:
        assert not given_up()
        frozen.send_signal(signal.SIGCONT)
    await wait_until(given_up)
    frozen.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(frozen.wait, 10) == 0
    assert [name for name, _ in _enqueued(valkey)] == ["heir"]


async def test_a_scheduler_frozen_inside_its_transaction_costs_no_slot(start, valkey, tmp_path):
    """What it has claimed and not committed keeps others waiting until the database ends its transaction."""

    def has_failed() -> bool:
        return "tick failed" in output.read_text()

    output = tmp_path / "output"
    frozen = start("frozen", "3600", "1", "halting")
    await wait_until(lambda: valkey.llen("inside") == 1)
    frozen.send_signal(signal.SIGSTOP)
    try:
        valkey.mset({"may_dispatch": 1, "may_commit": 1})
        start("heir", "3600", "1")
        await wait_until(lambda: _enqueued(valkey), 30)
    finally:
        output.write_text("")
        frozen.send_signal(signal.SIGCONT)
    await wait_until(has_failed)
    frozen.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(frozen.wait, 10) == 0
    assert [name for name, _ in _enqueued(valkey)] == ["heir"]


async def test_a_clock_that_is_set_while_a_scheduler_runs_by_it_costs_no_slot(start, valkey, tmp_path):
    def sent() -> list[datetime]:
        return [datetime.fromisoformat(slot) for _, slot in _enqueued(valkey)]

    clock = tmp_path / "clock"
    valkey.set("may_dispatch", 1)
    start("alone", "2", "3600", **set_clock(clock, timedelta(0)))
    await wait_until(sent)
    for step in (timedelta(seconds=-10), timedelta(hours=-1), timedelta(hours=1)):
        enough = len(sent()) + 2
        set_clock(clock, step)
        await wait_until(lambda: len(sent()) >= enough, 6)  # noqa: B023 - done within the turn
    assert sent() == [sent()[0] + number * 2 * SECOND for number in range(len(sent()))]


async def test_a_slot_that_redis_cannot_take_is_dispatched_when_it_can(pool, broker, redis_url, valkey):
    job = _job(broker, interval=HOUR)
    broker.connect("unix:///nowhere")
    with pytest.raises(Exception, match="nowhere"):
        await tick(job, pool, broker, reclaim_after=SECOND)
    broker.connect(redis_url)

    async def tick_again() -> list[tuple[object, ...]]:
        await tick(job, pool, broker, reclaim_after=SECOND)
        return _enqueued(valkey)

    assert len(await wait_until(tick_again)) == 1


@pytest.mark.parametrize("interval", [2, 60])
async def test_a_tick_falls_right_behind_the_begin_of_each_slot(pool, broker, interval):
    scheduler = schedule([_job(broker, interval=timedelta(seconds=interval))], pool, broker)
    trigger = scheduler.get_job("cycle").trigger
    for minute in range(3):
        slot = datetime(2026, 7, 1, 12, minute, tzinfo=UTC)
        assert timedelta(0) < trigger.get_next_fire_time(None, slot) - slot <= timedelta(milliseconds=50)


async def test_the_watchdog_tells_once_that_a_job_is_behind_and_once_that_it_caught_up(pool, broker):
    job = _job(broker, interval=timedelta(minutes=1))
    watchdog = Watchdog([job, _job(broker, "never ran")], pool)
    await tick(job, pool, broker)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE jobs SET slot = slot - interval '3 min', dispatched_slot = slot - interval '3 min'"
        )
    with capture_logs() as logs:
        await watchdog.look()
        await watchdog.look()
        assert watchdog.overdue == {"cycle", "never ran"}
        await tick(job, pool, broker)
        await watchdog.look()
    assert watchdog.overdue == {"never ran"}
    assert [(entry["event"], entry["job"]) for entry in logs if entry["log_level"] != "debug"] == [
        ("job overdue", "cycle"),
        ("job overdue", "never ran"),
        ("job caught up", "cycle"),
    ]
