"""Keeps child processes alive: tells each death at once, restarts with back-off, stops all, last added first."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.logfile import LogFile, copy_lines
from deploy.local.process import describe_exit, exited, kill, stop
from deploy.local.service import Service

BACKOFF_SECONDS_MIN = 0.5
BACKOFF_SECONDS_MAX = 30.0
STABLE_SECONDS = 60.0  # who lives that long has recovered: the back-off starts anew
LOOP_DEATHS = 4  # so many in a row are a crash loop
DRAIN_SECONDS = 1.0  # for what is still in a pipe; a stray grandchild may hold it open for ever


@dataclass(frozen=True)
class Death:
    """A process ended that should run, for the `deaths`-th time without a stable life between.

    From LOOP_DEATHS on that is a crash loop, and `last_lines`, its newest output, may say why.
    """

    name: str
    how: str
    restart_in_seconds: float
    deaths: int
    last_lines: tuple[str, ...]


@dataclass(frozen=True)
class Revival:
    """A process runs again."""

    name: str
    pid: int


Happening = Death | Revival


@dataclass
class _Kept:
    """A supervised service and its present process, whose output `reader` copies."""

    service: Service
    log: LogFile
    process: subprocess.Popen[bytes] = field(init=False)
    reader: asyncio.Task[None] = field(init=False)
    keeper: asyncio.Task[None] = field(init=False)


class Supervisor:
    """Runs services in the order they are added; those added in one call are also stopped at once.

    `tell` hears of deaths and revivals, `on_line` gets every output line with its service's name.
    """

    def __init__(
        self,
        logs: Path,
        tell: Callable[[Happening], None],
        on_line: Callable[[str, str], None] | None = None,
        backoff_seconds_min: float = BACKOFF_SECONDS_MIN,
    ) -> None:
        self._logs = logs
        self._tell = tell
        self._on_line = on_line
        self._backoff_seconds_min = backoff_seconds_min
        self._groups: list[list[_Kept]] = []

    async def add(self, *services: Service) -> None:
        """Start services and keep them running. Raises StackError, with its last words, if one does not start."""
        self._logs.mkdir(exist_ok=True)
        group: list[_Kept] = []
        self._groups.append(group)  # at once: if one does not start, those before it are stopped all the same
        for service in services:
            kept = _Kept(service, LogFile(self._logs / f"{service.name}.log"))
            try:
                await self._start(kept)
            except StackError as error:
                await self._drain(kept)
                raise StackError("\n  ".join([str(error), *list(kept.log.last_lines)[-10:]])) from error
            kept.keeper = asyncio.create_task(self._keep(kept))
            group.append(kept)

    def pids(self) -> dict[str, int]:
        """The processes that run now, by service."""
        return {kept.service.name: kept.process.pid for kept in self._all() if kept.process.returncode is None}

    async def stop(self) -> None:
        """Stop every service, last added first; returns when all are gone."""
        while self._groups:
            await asyncio.gather(*map(self._stop, self._groups[-1]))
            self._groups.pop()

    def kill(self) -> None:
        """Kill every process at once, also while `stop` waits for some."""
        for kept in self._all():
            kill(kept.process)

    def _all(self) -> Iterator[_Kept]:
        return chain.from_iterable(self._groups)

    async def _keep(self, kept: _Kept) -> None:
        deaths, began = 0, time.monotonic()
        how = await self._end(kept)
        while True:
            deaths = 1 if time.monotonic() - began >= STABLE_SECONDS else deaths + 1
            delay = min(self._backoff_seconds_min * 2 ** min(deaths - 1, 10), BACKOFF_SECONDS_MAX)
            self._tell(Death(kept.service.name, how, delay, deaths, tuple(kept.log.last_lines)))
            await asyncio.sleep(delay)
            began = time.monotonic()
            try:
                await self._start(kept)
            except (StackError, OSError) as error:  # OSError: the machine is out of processes or descriptors
                await self._drain(kept)
                how = str(error)
                continue
            self._tell(Revival(kept.service.name, kept.process.pid))
            how = await self._end(kept)

    async def _start(self, kept: _Kept) -> None:
        def write(line: bytes) -> None:
            kept.log.write(line)
            if self._on_line is not None:
                self._on_line(kept.service.name, line.decode(errors="replace"))

        kept.log.last_lines.clear()  # a death is explained by its own words
        read_end, write_end = os.pipe()
        kept.reader = asyncio.create_task(copy_lines(read_end, write))
        try:
            kept.process = await kept.service.start(write_end)
        finally:
            os.close(write_end)  # the process holds its own: the pipe ends with the last of them

    async def _stop(self, kept: _Kept) -> None:
        kept.keeper.cancel()
        await asyncio.wait([kept.keeper])
        await stop(kept.process, kept.service.stop_signal, kept.service.stop_seconds)
        await self._drain(kept)
        kept.log.close()

    async def _end(self, kept: _Kept) -> str:
        """Wait for the process to end and for its last words; how it ended."""
        how = describe_exit(await exited(kept.process))
        await self._drain(kept)
        return how

    async def _drain(self, kept: _Kept) -> None:
        await asyncio.wait([kept.reader], timeout=DRAIN_SECONDS)
        kept.reader.cancel()
