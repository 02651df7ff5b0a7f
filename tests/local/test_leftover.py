import asyncio
import fcntl
import os
import signal
import subprocess
import sys

import pytest

from deploy.local.leftover import stop_leftover
from deploy.local.process import exited, spawn, stop
from tests.servers import wait_until


def start_sleeper(lock=None):
    return spawn(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        environment=dict(os.environ),
        output=subprocess.DEVNULL,
        die_with=signal.SIGKILL,
        lock=lock,
    )


@pytest.fixture
async def told():
    return []


@pytest.fixture
async def bystander():
    process = start_sleeper()
    yield process
    await stop(process, signal.SIGKILL, 1)


async def test_the_process_that_holds_the_lock_is_asked_to_stop(tmp_path, told):
    lock = tmp_path / "server.lock"
    holder = start_sleeper(lock)
    await wait_until(lambda: lock.exists() and lock.read_text().endswith("\n"))
    await stop_leftover(lock, "server", signal.SIGTERM, told.append)
    assert await exited(holder) == -signal.SIGTERM
    assert told == ["server: stopping the server that an earlier run left on this folder (0 s)"]


async def test_a_pid_in_the_lock_file_that_is_another_process_is_waited_for_and_not_signalled(
    tmp_path, told, bystander
):
    lock = tmp_path / "server.lock"
    lock.write_text(f"{bystander.pid} 12345 another-boot\n")
    with lock.open() as children_of_a_killed_server:
        fcntl.flock(children_of_a_killed_server, fcntl.LOCK_EX)
        waiting = asyncio.create_task(stop_leftover(lock, "server", signal.SIGTERM, told.append))
        await wait_until(lambda: told)
        assert not waiting.done()
        assert bystander.poll() is None
    await asyncio.wait_for(waiting, 5)
    assert bystander.poll() is None


async def test_two_programs_never_hold_one_lock(tmp_path):
    lock = tmp_path / "server.lock"
    first = start_sleeper(lock)
    try:
        await wait_until(lambda: lock.exists() and lock.read_text().endswith("\n"))
        assert await exited(start_sleeper(lock)) == 75
        assert lock.read_text().startswith(f"{first.pid} ")
    finally:
        await stop(first, signal.SIGKILL, 1)
