"""The fleet's processes for benchmarks: each with its start to ready, its memory and its CPU time."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx

from deploy.local.process import exited, spawn
from services.settings import Settings

COMMAND = Path(sys.executable).with_name("paperfleet")
START_SECONDS, STOP_SECONDS = 60, 60
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Member(NamedTuple):
    """A process that works, and the seconds from its start until it did."""

    process: "subprocess.Popen[bytes]"
    ready_seconds: float


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


class Fleet:
    """Processes by name, such as `worker-2`, on one Settings."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.members: dict[str, Member] = {}
        self._folder = folder

    async def start(self, *names: str) -> None:
        """Start processes one after the other; the name up to a dash is the command that each runs."""
        for name in names:
            await self._start(name)

    async def _start(self, name: str) -> None:
        path, started = self._folder / f"{name}.log", time.perf_counter()
        with path.open("wb") as log:
            process = spawn(
                [str(COMMAND), name.partition("-")[0]],
                environment=self.settings.to_environment(),
                output=log.fileno(),
                die_with=signal.SIGKILL,
            )
        self.members[name] = Member(process, 0.0)
        while not await self._is_ready(name, path):
            assert process.poll() is None, path.read_text()[-2000:]
            assert time.perf_counter() < started + START_SECONDS, f"{name} is not ready"
            await asyncio.sleep(0.01)
        self.members[name] = Member(process, time.perf_counter() - started)

    async def _is_ready(self, name: str, log: Path) -> bool:
        if not name.startswith("api"):
            return b" ready" in log.read_bytes()  # noqa: ASYNC240 - a small file of our own
        async with httpx.AsyncClient(base_url=self.url) as http:
            try:
                return (await http.get("/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

    @property
    def url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.settings.api_port}"

    def cpu(self) -> float:
        """Seconds of CPU that all of them have used."""
        return sum(cpu(member.process.pid) for member in self.members.values())

    async def stop(self) -> None:
        """End all of them in order."""
        for member in self.members.values():
            member.process.send_signal(signal.SIGTERM)
        for member in self.members.values():
            await asyncio.wait_for(exited(member.process), STOP_SECONDS)
        self.members.clear()


@asynccontextmanager
async def fleet(settings: Settings, *names: str) -> AsyncIterator[Fleet]:
    """The named processes at work; ended afterwards."""
    with TemporaryDirectory(prefix="paperfleet-bench-") as folder:
        running = Fleet(settings, Path(folder))
        try:
            await running.start(*names)
            yield running
        finally:
            await running.stop()


async def trading(http: httpx.AsyncClient, pairs: int, seconds: float = 120) -> None:
    """Wait until the API tells of so many pairs, quotes nearly all of them, and a cycle over them has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = (await http.get("/api/system/")).json()
        if status["pairs"] >= pairs and status["cycle_seconds"] is not None:
            answer = await http.get("/api/prices/")
            if answer.is_success and len(answer.json()["results"]) > pairs - 10:
                return
        await asyncio.sleep(0.2)
    raise TimeoutError("the fleet does not trade")
