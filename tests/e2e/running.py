"""A `paperfleet up` beside the test: its output, its family of processes, and what its API tells."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from tests.servers import wait_until

PROGRAM = str(Path(sys.executable).with_name("paperfleet"))
FIRST_CLOSE_SECONDS = 90


class Up:
    """A running `paperfleet up`, its output so far, and its address once it has told it.

    `program` starts it, and root may have it run as `user`.
    """

    def __init__(self, folder: Path, log: Path, program: str = PROGRAM, user: int | None = None) -> None:
        self.folder = folder
        self.log = log
        self.began, self._busy = time.monotonic(), _busy_seconds()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [program, "up", "--data", str(folder), "--workers", "2"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={name: value for name, value in os.environ.items() if not name.startswith("PAPERFLEET_")},
                user=user,
                group=user,
                extra_groups=None if user is None else (),
            )

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    async def url(self) -> str:
        found = await wait_until(lambda: re.search(r"paperfleet runs: (http://[\d.:]+)", self.output()), 60)
        return found[1]

    def family(self) -> list[psutil.Process]:
        """The process and everything it has started."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def kill(self) -> None:
        """kill -9 of all of them."""
        family = self.family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=30)
        self.process.wait(30)

    def seconds(self) -> tuple[float, float]:
        """Since the start: by the clock, and what would have passed had nobody else used this machine's processors."""
        elapsed, busy = time.monotonic() - self.began, _busy_seconds() - self._busy
        ours = 0.0
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                ours += sum(process.cpu_times()[:4])  # its own and that of its children that have ended
        return elapsed, elapsed - max(0.0, busy - ours) / (os.cpu_count() or 1)


def _busy_seconds() -> float:
    """What all processors together have worked since the machine started."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq + times.steal


@contextmanager
def running(folder: Path, log: Path, program: str = PROGRAM, user: int | None = None) -> Iterator[Up]:
    up = Up(folder, log, program, user)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.process.send_signal(signal.SIGINT)
            up.process.wait(60)


async def trades(url: str) -> dict[int, dict]:
    found: dict[int, dict] = {}
    async with httpx.AsyncClient(base_url=url, timeout=20, verify=False) as client:
        cursor = None
        while True:
            parameters = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/api/paper-trades/", params=parameters)).raise_for_status().json()
            found |= {trade["id"]: trade for trade in page["results"]}
            cursor = page["next"]
            if cursor is None:
                return found


async def closed(url: str) -> dict[int, dict]:
    return {id_: trade for id_, trade in (await trades(url)).items() if trade["status"].startswith("CLOSED")}


async def more_closed(url: str, count: int) -> dict[int, dict]:
    """The closed trades, once they are more than `count`."""
    found = await closed(url)
    return found if len(found) > count else {}
