"""Worker processes: how they start, how they end, and what is left of a killed one's work."""

import asyncio
import signal
import subprocess
import time
from datetime import timedelta

import pytest

from services.domain.errors import InvalidInput
from services.settings import Settings
from tests.servers import wait_until
from tests.workers import worker_process
from tests.workers.looking import depth, quarantined
from tests.workers.worker_process import block_loop, cling, murder, note, note_quickly, stop_loop, take, traces
from workers import runner
from workers.commands import HEARTBEAT_TIMEOUT
from workers.middleware import STARTS_MAX
from workers.runner import EXIT_BROKEN


async def _exit_code(process: subprocess.Popen[bytes], deadline: float = 30) -> int:
    return await asyncio.to_thread(process.wait, deadline)


async def test_sigterm_lets_running_work_end_and_gives_the_rest_back(start, broker, redis_url, tmp_path):
    process = start(TEST_THREADS="1")
    take.send("first", 0.5)
    await wait_until(lambda: traces(redis_url) == ["first begun"])
    broker.enqueue_many([take.message(name, 0.5) for name in ("second", "third")])
    process.send_signal(signal.SIGTERM)
    assert await _exit_code(process) == 0
    assert traces(redis_url) == ["first begun", "first ended", "services closed"]
    assert (await depth(redis_url)).waiting == broker.do_qsize("work") == 2
    assert "worker ready" in (tmp_path / "output").read_text()


async def test_each_of_many_threads_may_take_its_time_to_end(start, broker, redis_url, tmp_path):
    broker.enqueue_many([take.message(f"{number}", 2 + number / 10) for number in range(20)])
    process = start(TEST_THREADS="40", TEST_FINISH_SECONDS="15")
    await wait_until(lambda: len(traces(redis_url)) == 20)
    process.send_signal(signal.SIGTERM)
    assert await _exit_code(process) == 0, (tmp_path / "output").read_text()
    assert sum(trace.endswith("ended") for trace in traces(redis_url)) == 20


async def test_a_queue_whose_work_takes_long_holds_up_no_other(start, broker, redis_url):
    broker.enqueue_many([take.message(f"{number}", 60) for number in range(20)])
    start(TEST_THREADS="4")
    await wait_until(lambda: len(traces(redis_url)) == 2)
    note_quickly.send("quick")
    await wait_until(lambda: traces(redis_url)[2:] == ["quick"], 2)


async def test_a_second_signal_ends_the_process_at_once(start, broker, redis_url):
    process = start()
    take.send("long", 60)
    await wait_until(lambda: traces(redis_url))
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        await _exit_code(process, 0.5)
    process.send_signal(signal.SIGTERM)
    assert await _exit_code(process, 2) == 128 + signal.SIGTERM


async def test_work_that_takes_long_is_cut_short_and_given_back_as_if_never_begun(start, broker, redis_url, tmp_path):
    take.send("long", 60)
    for beginnings in range(1, STARTS_MAX + 2):
        process = start(TEST_FINISH_SECONDS="1")
        await wait_until(lambda: traces(redis_url).count("long begun") == beginnings)  # noqa: B023 - asked at once
        process.send_signal(signal.SIGTERM)
        assert await _exit_code(process, 10) == 0, (tmp_path / "output").read_text()
        found = await depth(redis_url)
        assert (found.waiting, found.delayed, found.unsettled, found.dead) == (1, 0, 1, 0)
    assert traces(redis_url) == ["long begun", "services closed"] * beginnings
    assert await quarantined(redis_url) == []


async def test_work_that_cannot_be_cut_short_is_given_back_at_once(start, broker, redis_url):
    process = start(TEST_STOP_SECONDS="2", TEST_FINISH_SECONDS="1")
    cling.send("long", 60)
    await wait_until(lambda: traces(redis_url))
    process.send_signal(signal.SIGTERM)
    assert await _exit_code(process) == EXIT_BROKEN
    assert (await depth(redis_url)).waiting == 1


async def test_services_that_do_not_open_end_the_process_with_a_clear_message(start, tmp_path):
    assert await _exit_code(start("broken")) == 1
    assert "ConnectionError: the services are broken" in (tmp_path / "output").read_text()


def test_a_queue_that_nobody_declared_is_refused(redis_url):
    settings = Settings(database_url="postgresql://unused", redis_url=redis_url)
    with pytest.raises(InvalidInput, match="no such queue: wrok"):
        runner.run(
            settings,
            ["wrok"],
            1,
            open_services=worker_process.open_services,
            broker=worker_process.broker,
        )


@pytest.mark.parametrize(
    ("breaking", "reason"), [(stop_loop, "the event loop died"), (block_loop, "the event loop is blocked")]
)
async def test_a_worker_without_a_live_event_loop_ends(breaking, reason, start, broker, tmp_path):
    breaking.send()
    assert await _exit_code(start()) == EXIT_BROKEN
    assert reason in (tmp_path / "output").read_text()


async def test_work_of_a_killed_worker_is_redelivered_within_two_heartbeat_timeouts(start, broker, redis_url, tmp_path):
    assert timedelta(seconds=30) >= 2 * HEARTBEAT_TIMEOUT, "the promise at production's timeout"
    victim = start(TEST_THREADS="1", TEST_HEARTBEAT_SECONDS="3")
    take.send("work", 0.2)
    broker.enqueue_many([note.message("prefetched")])
    await wait_until(lambda: traces(redis_url) == ["work begun"])
    victim.kill()
    start(TEST_HEARTBEAT_SECONDS="3")
    await wait_until(lambda: (tmp_path / "output").read_text().count("worker ready") == 2)
    ready = time.monotonic()
    await wait_until(lambda: broker.do_qsize("work") == 0, 10)
    assert time.monotonic() - ready < 6
    assert sorted(traces(redis_url)) == ["prefetched", "work begun", "work begun", "work ended"]


async def test_a_message_that_kills_its_workers_is_quarantined_and_its_neighbours_live(start, broker, redis_url):
    names = [f"neighbour {number}" for number in range(5)]
    murder.send("murder")
    broker.enqueue_many([note.message(name) for name in names])

    def restart_until_settled() -> bool:
        if not running or running[-1].poll() is not None:
            running.append(start(TEST_HEARTBEAT_SECONDS="0.6", TEST_THREADS="1"))
        return broker.do_qsize("work") == 0

    running = []
    await wait_until(restart_until_settled, 25)
    seen = traces(redis_url)
    assert seen.count("murder") == 3
    assert set(names) < set(seen)
    records = await quarantined(redis_url)
    assert [record.reason for record in records] == ["begun 3 times and never ended"]


async def test_a_frozen_worker_that_comes_back_does_no_harm(start, broker, redis_url):
    frozen = start(TEST_HEARTBEAT_SECONDS="0.9", TEST_THREADS="1")
    take.send("work", 0.3)
    await wait_until(lambda: traces(redis_url))
    frozen.send_signal(signal.SIGSTOP)
    try:
        other = start(TEST_HEARTBEAT_SECONDS="0.9")
        await wait_until(lambda: traces(redis_url) == ["work begun", "work begun", "work ended"])
    finally:
        frozen.send_signal(signal.SIGCONT)
    note.send("after")
    await wait_until(lambda: "after" in traces(redis_url) and broker.do_qsize("work") == 0)
    for process in (frozen, other):
        process.send_signal(signal.SIGTERM)
        assert await _exit_code(process) == 0
    assert await quarantined(redis_url) == []
