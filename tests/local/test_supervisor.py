import os
import signal
import sys

import pytest

from deploy.local.errors import StackError
from deploy.local.logfile import LogFile
from deploy.local.service import Command
from deploy.local.supervisor import LOOP_DEATHS, Death, Revival, Supervisor
from tests.local.support import lives, started
from tests.servers import wait_until

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
POLITE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit()))
print("up", flush=True)
signal.pause()
"""
DEAF = """
import signal
signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
print("up", flush=True)
while True:
    signal.pause()
"""
HAND_IN_HAND = """
import signal, sys, time
from pathlib import Path
ours, others = map(Path, {paths!r})
def end(*_):
    ours.touch()
    while not others.exists():
        time.sleep(0.01)
    print("bye", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
signal.pause()
"""


def python(name: str, code: str, **options) -> Command:
    return Command(name, [sys.executable, "-c", code], dict(os.environ), **options)


@pytest.fixture
async def happenings():
    return []


@pytest.fixture
async def supervisor(tmp_path, happenings):
    running = Supervisor(tmp_path / "logs", happenings.append, backoff_seconds_min=0.05)
    yield running
    await running.stop()


async def test_a_killed_process_is_told_at_once_and_restarted(supervisor, happenings):
    await supervisor.add(python("one", SLEEP))
    first = supervisor.pids()["one"]
    os.kill(first, signal.SIGKILL)
    await wait_until(lambda: happenings, deadline=1)
    death = happenings[0]
    assert isinstance(death, Death)
    assert (death.name, death.how, death.deaths) == ("one", "killed by SIGKILL", 1)
    await wait_until(lambda: happenings[1:])
    assert happenings[1] == Revival("one", supervisor.pids()["one"])
    assert supervisor.pids()["one"] != first


async def test_a_crash_loop_backs_off_and_shows_its_last_words(supervisor, happenings):
    await supervisor.add(python("bad", "import sys; sys.exit('no such table')"))

    def deaths() -> list[Death]:
        return [each for each in happenings if isinstance(each, Death)]

    await wait_until(lambda: len(deaths()) >= LOOP_DEATHS)
    last = deaths()[LOOP_DEATHS - 1]
    assert last.deaths == LOOP_DEATHS
    assert last.how == "exit code 1"
    assert last.last_lines == ("no such table",)
    assert last.restart_in_seconds == 0.05 * 2 ** (LOOP_DEATHS - 1)


async def test_stops_in_reverse_order_and_kills_what_does_not_listen(tmp_path):
    lines: list[tuple[str, str]] = []
    supervisor = Supervisor(tmp_path / "logs", lambda _: None, lambda name, line: lines.append((name, line)))
    await supervisor.add(python("first", POLITE))
    await supervisor.add(python("second", POLITE))
    await supervisor.add(python("deaf", DEAF, stop_seconds=0.3))
    await wait_until(lambda: len(lines) == 3)
    pids = supervisor.pids().values()
    await supervisor.stop()
    assert lines[3:] == [("deaf", "no"), ("second", "bye"), ("first", "bye")]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert (tmp_path / "logs" / "first.log").read_text() == "up\nbye\n"


async def test_what_is_added_together_is_asked_to_end_at_once_before_what_was_added_earlier(tmp_path):
    lines: list[tuple[str, str]] = []
    supervisor = Supervisor(tmp_path / "logs", lambda _: None, lambda name, line: lines.append((name, line)))
    await supervisor.add(python("door", POLITE))
    paths = [str(tmp_path / "one"), str(tmp_path / "two")]
    await supervisor.add(
        python("one", HAND_IN_HAND.format(paths=paths), stop_seconds=30),
        python("two", HAND_IN_HAND.format(paths=paths[::-1]), stop_seconds=30),
    )
    await wait_until(lambda: len(lines) == 3)
    await supervisor.stop()
    assert sorted(lines[3:5]) == [("one", "bye"), ("two", "bye")]
    assert lines[5:] == [("door", "bye")]


async def test_a_service_that_cannot_start_is_refused_with_its_last_words(supervisor):
    class Broken:
        name = "broken"
        stop_signal = signal.SIGTERM
        stop_seconds = 1.0

        async def start(self, output: int):
            os.write(output, b"port in use\n")
            raise StackError("broken did not start")

    with pytest.raises(StackError, match=r"broken did not start\n  port in use"):
        await supervisor.add(python("before", SLEEP), Broken())
    assert supervisor.pids().keys() == {"before"}
    await supervisor.stop()
    assert supervisor.pids() == {}, "what started before it is stopped with the rest"


async def test_kill_9_of_the_parent_takes_its_processes_along(tmp_path):
    code = f"""
import asyncio, sys
from pathlib import Path
from tests.local.test_supervisor import SLEEP, python
from deploy.local.supervisor import Supervisor

async def main():
    up = []
    supervisor = Supervisor(Path({str(tmp_path)!r}), print, lambda name, line: up.append(name))
    await supervisor.add(python("one", SLEEP))
    await supervisor.add(python("two", SLEEP))
    while len(up) < 2:
        await asyncio.sleep(0.01)
    print(*supervisor.pids().values(), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    parent = await started(code)
    pids = [int(pid) for pid in (await parent.stdout.readline()).split()]
    assert len(pids) == 2
    parent.kill()
    await parent.wait()
    for pid in pids:
        await wait_until(lambda pid=pid: not lives(pid))


def test_a_log_is_bounded_and_keeps_the_last_lines(tmp_path):
    log = LogFile(tmp_path / "one.log", bytes_max=1000)
    for number in range(500):
        log.write(f"line {number}".encode())
    log.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000
    assert (tmp_path / "one.log").read_text().splitlines()[-1] == "line 499"
    assert log.last_lines[-1] == "line 499"
    assert len(log.last_lines) == 30
