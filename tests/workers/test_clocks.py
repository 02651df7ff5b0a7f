"""Messages between machines whose clocks differ: how old one is, and when a retry is due, is told by Redis' clock."""

import time
from datetime import timedelta

import pytest

from tests.servers import wait_until
from tests.skewed import set_clock
from tests.workers.worker_process import fail_once, note, traces
from tests.workers.working import LIMITS

BOTH = pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(minutes=10)], ids=["behind", "ahead"])


@BOTH
async def test_a_worker_with_a_wrong_clock_runs_what_is_young_and_drops_what_is_old(
    start, broker, redis_url, tmp_path, skew
):
    old, young = note.message("old"), note.message("young")
    too_old = LIMITS["max_age"] + timedelta(seconds=1)
    object.__setattr__(old, "message_timestamp", old.message_timestamp - round(too_old.total_seconds() * 1000))
    broker.enqueue_many([old, young])
    note.send("sent alone")
    start(**set_clock(tmp_path / "clock", skew))
    await wait_until(lambda: broker.do_qsize("work") == 0)
    assert sorted(traces(redis_url)) == ["sent alone", "young"]


@BOTH
async def test_what_a_worker_with_a_wrong_clock_puts_off_others_do_in_time(start, broker, redis_url, tmp_path, skew):
    """One begins the message and fails; either may take it up again, and does so after the pause of a retry."""
    fail_once.send("again")
    start(**set_clock(tmp_path / "clock", skew))
    await wait_until(lambda: traces(redis_url) == ["again begun"])
    failed = time.monotonic()
    start(**set_clock(tmp_path / "another clock", -skew))
    await wait_until(lambda: traces(redis_url) == ["again begun", "again ended"], 30)
    assert time.monotonic() - failed > 0.2
    await wait_until(lambda: broker.do_qsize("work") == 0)
