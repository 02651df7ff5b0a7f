"""Where chaos takes place: a made market, standing orders, links to both servers, and a fleet not yet started."""

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from deploy.local.ports import free_port
from services.settings import Settings
from tests.chaos.link import Link, link_to
from tests.fleet import orders
from tests.fleet.fleet import Fleet, judged_to, serves
from tests.fleet.oracle import Order
from tests.fleet.stage import Place, stage_on
from tests.fleet.tape import PAIRS, Prints, make_recording
from tests.servers import Servers, wait_until
from tests.simulator_process import Simulator
from tests.skewed import set_clock

START = datetime(2026, 7, 1, 0, 1, tzinfo=UTC)
FUNDED = START.replace(hour=8, minute=0)
"""The market's first minute; until 08:00 no funding is settled, so a profit is prices and fees alone."""
START_SECONDS = 90
"""How long all processes together may take to start on a machine that does much else."""
STOP, CONTINUE = signal.SIGSTOP, signal.SIGCONT


class Scale(NamedTuple):
    """How large a run is.

    minutes  of the market; a second of ours is `speed` of the market's
    orders   that rest on each pair and market before the first minute
    skews    by how much the processes' own clocks are wrong, dealt out in turn
    """

    minutes: int
    orders: int
    speed: int
    schedulers: int = 2
    workers: int = 3
    apis: int = 2
    skews: tuple[timedelta, ...] = ()


class Absence(NamedTuple):
    """From when to when (epoch seconds) a process stood still."""

    name: str
    since: float
    until: float


class Market(NamedTuple):
    """A recording and all of its prints."""

    folder: Path
    tapes: dict[tuple[str, str], Prints]
    orders: list[Order]
    end: datetime


class Ground:
    """See the module. `faults` counts what was done to it, by kind; each is a line of `chaos.jsonl` too."""

    def __init__(
        self,
        servers: Servers,
        market: Market,
        scale: Scale,
        stage_parts: tuple[Fleet, Simulator, Settings],
        folder: Path,
    ) -> None:
        self.servers = servers
        self.market = market
        self.scale = scale
        self.fleet, self.simulator, self.settings = stage_parts
        self.folder = folder
        self.redis_link: Link
        self.database_link: Link
        self.urls: dict[str, str] = {}
        self.faults: Counter[str] = Counter()
        self.died: list[str] = []
        self.frozen: set[str] = set()
        self.stood_still: list[Absence] = []
        self.skews: dict[str, timedelta] = {}
        self.passed: list[tuple[str, bytes]] = []
        self._clock = (0, 0.0)
        self.clock_error = timedelta(0)
        self._log = (folder / "chaos.jsonl").open("a")
        self._began = time.monotonic()

    def hit(self, kind: str, **details: object) -> None:
        """Count a fault."""
        self.faults[kind] += 1
        self.note(kind, **details)

    def note(self, what: str, **details: object) -> None:
        """Write a line of the raw log."""
        line = {"second": round(time.monotonic() - self._began, 3), "what": what, **details}
        self._log.write(json.dumps(line, default=str) + "\n")
        self._log.flush()

    def names(self, kind: str) -> list[str]:
        """Processes of a kind (scheduler, worker, api) that are neither frozen nor gone."""
        return [name for name in self.fleet.processes if name.startswith(kind) and name not in self.frozen]

    def spawn(self, name: str) -> None:
        """Start a process of the fleet, anew if it was there before."""
        kind = name.partition("-")[0]
        if kind != "api":
            self.fleet.spawn(name, kind)
            return
        if name not in self.urls:
            self.urls[name] = f"http://127.0.0.1:{free_port()}"
        self.fleet.spawn(name, kind, api_port=urlsplit(self.urls[name]).port)

    def look_after(self) -> None:
        """Start what has ended by itself; that it did is told at the end."""
        for name, process in list(self.fleet.processes.items()):
            if (code := process.poll()) is not None:
                self.died.append(f"{name} ended by itself with {code}")
                self.note("ended by itself", name=name, code=code)
                self.spawn(name)

    async def run(self) -> None:
        """Start everything, and then let time pass: until then the exchange answers nobody."""
        await self.simulator.add_fault("503")
        counts = {"api": self.scale.apis, "worker": self.scale.workers, "scheduler": self.scale.schedulers}
        names = [f"{kind}-{number + 1}" for kind, count in counts.items() for number in range(count)]
        for name, skew in zip(names, cycle(self.scale.skews), strict=False):
            self.skews[name] = skew
            self.fleet.environments[name] = set_clock(self.folder / f"{name}.clock", skew)
            self.note("a wrong clock", name=name, skew=skew)
        for name in names:
            self.spawn(name)
        for name in tuple(self.fleet.processes):
            await self.ready(name)
        await self.simulator.clear_faults()
        await self.simulator.set_clock(paused=False)
        before = time.monotonic()
        told = await self.simulator.now()
        after = time.monotonic()
        self._clock = (told, (before + after) / 2)
        self.clock_error = timedelta(seconds=(after - before) / 2 * self.scale.speed + 1)
        self.note("time passes")

    async def ready(self, name: str) -> None:
        """Return when the process works."""
        if name in self.urls:
            await wait_until(lambda: serves(self.urls[name]), START_SECONDS)
        else:
            await wait_until(lambda: self.works(name), START_SECONDS)

    def works(self, name: str) -> bool:
        """Whether the scheduler or worker has come to work."""
        return b" ready" in self.fleet.log(name).read_bytes()

    def market_time(self) -> datetime:
        """The exchange's time, wrong by `clock_error` at most."""
        told, at = self._clock
        return datetime.fromtimestamp(told / 1000 + (time.monotonic() - at) * self.scale.speed, UTC)

    async def market_comes_to(self, at: datetime) -> None:
        """Return at that time of the exchange; looks after the processes meanwhile."""
        while self.market_time() < at:
            self.look_after()
            await asyncio.sleep(0.1)

    async def judged(self, seconds: float) -> None:
        """Return when all of the market has been judged."""
        await wait_until(self._is_judged, seconds)

    def _is_judged(self) -> bool:
        self.look_after()
        return judged_to(self.settings) >= self.market.end

    def close(self) -> None:
        self._log.close()


def make_market(folder: Path, seed: int, scale: Scale) -> Market:
    """The price script of `seed`, and what people had resting before its first minute."""
    folder.mkdir(parents=True, exist_ok=True)
    tapes = make_recording(folder, seed, scale.minutes, START)
    chance, placed = random.Random(seed), []
    for (market, symbol), prints in tapes.items():
        placed += orders.around(chance, market, symbol, prints[0][1], Decimal(PAIRS[symbol][1]), scale.orders)
    return Market(folder, tapes, placed, START + timedelta(minutes=scale.minutes))


@asynccontextmanager
async def ground_on(
    servers: Servers, folder: Path, seed: int, scale: Scale, **changes: object
) -> AsyncIterator[Ground]:
    """Links, market and orders; the fleet gets both servers through the links. `changes` are settings."""
    market = make_market(folder / "market", seed, scale)
    with servers.database() as direct:
        valkey = servers.empty_valkey()
        database = urlsplit(direct)
        socket = Path(parse_qs(database.query)["host"][0])
        with (
            link_to(urlsplit(valkey).path, seed) as redis_link,
            link_to(str(socket / ".s.PGSQL.5432"), seed + 1) as database_link,
        ):
            place = Place(direct, valkey, folder)
            through = {
                "database_url": f"postgresql://{database.username}@127.0.0.1:{database_link.port}{database.path}"
                "?sslmode=disable&gssencmode=disable",
                "redis_url": f"redis://127.0.0.1:{redis_link.port}",
            }
            async with stage_on(
                place, market.folder, START, market.orders, speed=scale.speed, log_level="DEBUG", **changes
            ) as stage:
                stage.fleet.settings = _replaced(stage.settings, through)
                ground = Ground(servers, market, scale, (stage.fleet, stage.simulator, stage.settings), folder)
                ground.redis_link, ground.database_link = redis_link, database_link
                try:
                    yield ground
                finally:
                    ground.close()


def _replaced(settings: Settings, changes: dict[str, str]) -> Settings:
    return Settings(**{name: getattr(settings, name) for name in settings.__struct_fields__} | changes)
