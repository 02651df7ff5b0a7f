"""A fleet of real processes: schedulers, workers, APIs by the console script; started, frozen and killed by name."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx
import msgspec
import psycopg

from deploy.local.process import exited, spawn
from services.settings import Settings
from tests.evaluation.invariants import INVARIANTS
from tests.servers import wait_until

COMMAND = Path(sys.executable).with_name("paperfleet")
START_SECONDS, STOP_SECONDS = 60, 60


class Fleet:
    """The processes of one fleet; the n-th of a name writes `<name>.<n>.log` in `folder`.

    `environments` is what some have in theirs beside the settings, by name.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environments: dict[str, dict[str, str]] = {}
        self._starts: Counter[str] = Counter()

    async def start(self, schedulers: int = 1, workers: int = 2) -> None:
        """Start scheduler-1.. and worker-1.., and return when they all work."""
        names = [f"scheduler-{n + 1}" for n in range(schedulers)] + [f"worker-{n + 1}" for n in range(workers)]
        for name in names:
            self.spawn(name, name.partition("-")[0])
        for name in names:
            await self.ready(name)

    def spawn(self, name: str, *arguments: str, **changes: object) -> None:
        """Run `paperfleet <arguments>` as `name`; `changes` are settings of its own."""
        self._starts[name] += 1
        with self.log(name).open("wb") as log:
            self.processes[name] = spawn(
                [str(COMMAND), *arguments],
                environment=msgspec.structs.replace(self.settings, **changes).to_environment()
                | self.environments.get(name, {}),
                output=log.fileno(),
                die_with=signal.SIGKILL,
            )

    async def ready(self, name: str) -> None:
        """Return when the process works."""
        await wait_until(lambda: b" ready" in self.log(name).read_bytes(), START_SECONDS)

    def log(self, name: str) -> Path:
        """What the process has written since its last start."""
        return self.folder / f"{name}.{self._starts[name]}.log"

    def kill(self, *names: str) -> None:
        """kill -9 the named processes, or all of them."""
        for name in names or tuple(self.processes):
            self.processes[name].kill()
            self.processes.pop(name).wait()

    async def stop(self) -> None:
        """End all processes in order; each must end by itself, with status 0."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        codes = {
            name: await asyncio.wait_for(exited(process), STOP_SECONDS) for name, process in self.processes.items()
        }
        self.processes.clear()
        assert set(codes.values()) <= {0}, codes


@contextmanager
def fleet_on(settings: Settings, folder: Path) -> Iterator[Fleet]:
    """A fleet without processes yet; what it has at the end is killed."""
    fleet = Fleet(settings, folder)
    try:
        yield fleet
    finally:
        fleet.kill()


async def serves(url: str) -> bool:
    """Whether the API at `url` is ready."""
    async with httpx.AsyncClient(verify=False) as http:
        try:
            return (await http.get(f"{url}/health/ready", timeout=5)).status_code == 200
        except httpx.TransportError:
            return False


def judged_to(settings: Settings, market: str | None = None) -> datetime:
    """Up to which minute every pair (of `market`) has been judged; one with a trade held for finer data waits.

    A pair that is suspended has nothing to judge without trades: such as an exchange's wrong listing brings.
    """
    query = """SELECT min(least(w.judged_to, l.held_from))
               FROM watermarks w JOIN instruments i ON i.id = w.instrument_id
               LEFT JOIN live_triggers l ON l.instrument_id = i.id AND l.held_from IS NOT NULL
               WHERE (%(market)s::text IS NULL OR i.market = %(market)s)
                 AND (i.status = 'TRADING' OR EXISTS (SELECT FROM live_triggers t WHERE t.instrument_id = i.id))"""
    with psycopg.connect(settings.database_url) as connection:
        return connection.execute(query, {"market": market}).fetchone()[0]


def violations(settings: Settings) -> list[str]:
    """Broken invariants over all rows; empty when the books are in order."""
    with psycopg.connect(settings.database_url) as connection:
        return [f"{name}: {row}" for name, query in INVARIANTS.items() for row in connection.execute(query)]
