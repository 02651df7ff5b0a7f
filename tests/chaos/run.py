"""One run of a scenario: the fleet is started, broken, left in peace, stopped and checked."""

import asyncio
import json
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psycopg

from services import endings
from tests.chaos import faults
from tests.chaos.checker import Books, check
from tests.chaos.crowd import Crowd
from tests.chaos.faults import Fault
from tests.chaos.ground import START, Ground, Scale, ground_on
from tests.chaos.hands import Hands
from tests.chaos.scenarios import Scenario
from tests.chaos.watch import Watch
from tests.fleet.listeners import Listener
from tests.servers import Servers, wait_until

ON_THEIR_WAY_MS = 1500
CALM_AT = 0.8
"""The part of the market after which nothing more is broken, once each kind of fault has been done."""
EACH_KIND_SECONDS = 30
"""How much longer, on a quiet machine, the kinds may take that have not been done by then."""


class Result(msgspec.Struct, frozen=True):
    """A line of the table. `faults` are those done, `kinds` the same by kind; `cuts` those of readers of the stream.
    `violations` are told in full in the run's folder.
    """

    name: str
    faults: int
    cuts: int
    trades: int
    closes: int
    events: int
    violations: list[str]
    seconds: float
    seed: int
    kinds: dict[str, int] = {}
    statuses: dict[int, int] = {}


async def perform(
    servers: Servers, scenario: Scenario, folder: Path, seed: int, scale: Scale, *, watched: bool = False
) -> Result:
    """Run `scenario`; what it left behind is in `folder`. `watched`: every second is looked at as well.

    Whatever keeps the run from its end is a violation like any other.
    """
    began = time.monotonic()
    scale = scale._replace(schedulers=scenario.schedulers, workers=scenario.workers, apis=scenario.apis)
    scale = scale._replace(skews=scenario.skews, speed=scenario.speed or scale.speed)
    run = Run(scenario, seed, folder, is_watched=watched)
    with run.noting("the run"):
        async with ground_on(servers, folder, seed, scale) as ground:
            await run.on(ground)
    result = run.result(time.monotonic() - began)
    (folder / "result.json").write_text(json.dumps(msgspec.to_builtins(result), indent=1))
    return result


class Run:
    """A scenario as it runs. `wrong` is what has been seen so far that must not be."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path, *, is_watched: bool) -> None:
        self.scenario = scenario
        self.seed = seed
        self.wrong: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._is_watched = is_watched
        self._books = Books(0, 0, 0, [])
        self._kinds: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._done: set[str] = set()
        self._cuts = 0

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """An error inside is a violation: what comes after it goes on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the edge of a run; the trace goes into its folder
            self.wrong.append(f"{what} failed: {error!r}")
            with (self._folder / "errors.log").open("a") as log:
                log.write(f"{what}\n{traceback.format_exc()}\n")

    async def on(self, ground: Ground) -> None:
        """From the start of the first process to the judgement over all rows."""
        may_refuse = self.scenario.may_refuse
        crowd = Crowd(ground, self.seed, self.scenario.people, may_refuse=may_refuse)
        with psycopg.connect(ground.settings.database_url) as connection:
            (epoch,) = connection.execute("SELECT epoch FROM system").fetchone() or ("",)
        listeners = [
            Listener(ground.urls, epoch, self.seed + number, may_refuse=may_refuse)
            for number in range(self.scenario.listeners)
        ]
        watch = Watch(ground, crowd)
        hands = Hands(ground.settings.redis_url)
        with self.noting("the course of the run"):
            await self._course(ground, crowd, listeners, watch, hands)
        with self.noting("the stop of the fleet"):
            await self._stop(ground)
        with self.noting("the exchange's log"):
            self.wrong += impatient(await ground.simulator.log())
        with self.noting("the check"):
            self._books = check(ground, crowd)
        self.wrong += self._books.violations
        self.wrong += [wrong for listener in listeners for wrong in listener.violations]
        self.wrong += hands.violations
        if self.scenario.schedulers and not hands.seen:
            self.wrong.append("no look saw a message in a worker's hands")
        ground.note("messages were held", count=hands.seen, longest_seconds=round(hands.longest))
        if self._is_watched:
            self.wrong += watch.judge()
            ground.note(watch.line())
            (self._folder / "memory.json").write_text(watch.samples())
        self._cuts = sum(listener.cuts for listener in listeners)
        self._statuses = crowd.statuses
        self._kinds = Counter(dict.fromkeys(self.scenario.kinds, 0)) | ground.faults

    def result(self, seconds: float) -> Result:
        """What came of it."""
        return Result(
            self.scenario.name,
            self._kinds.total(),
            self._cuts,
            *self._books[:3],
            self.wrong,
            seconds,
            self.seed,
            {kind: self._kinds[kind] for kind in sorted(self.scenario.kinds)},
            dict(self._statuses),
        )

    async def _course(
        self, ground: Ground, crowd: Crowd, listeners: list[Listener], watch: Watch, hands: Hands
    ) -> None:
        await ground.run()
        listening = [asyncio.create_task(listener.listen()) for listener in listeners]
        acting = asyncio.create_task(crowd.act())
        watching = [asyncio.create_task(hands.look())]
        watching += [asyncio.create_task(each()) for each in (watch.look, watch.weigh) if self._is_watched]
        patience = self.scenario.patience
        try:
            await self._break(ground)
            await ground.market_comes_to(ground.market.end + ground.clock_error)
            ground.note("the market is over")
            with self.noting("the way home of the people"):
                async with asyncio.timeout(patience):
                    await acting
            ground.note("people went home")
            with self.noting("judging the market to its end"):
                await ground.judged(patience)
            ground.note("all is judged")
            with self.noting("telling the readers all"):
                await _told(ground, listeners, patience)
            ground.note("all are told")
            with self.noting("settling the messages that are held"):
                await hands.let_go()
        finally:
            await endings.end([*listening, *watching, acting])
            self._failures([*listening, *watching])

    async def _break(self, ground: Ground) -> None:
        """Have both courses of faults, and then calm."""
        breaking = [
            asyncio.create_task(self._faults(ground, course, Random(f"{self.seed} {number}")))
            for number, course in enumerate((self.scenario.faults, self.scenario.beside))
            if course
        ]
        try:
            await ground.market_comes_to(START + (ground.market.end - START) * CALM_AT)
            with self.noting("doing each kind of fault"):
                await wait_until(lambda: self.scenario.kinds <= self._done, EACH_KIND_SECONDS)
        finally:
            self.wrong += [f"never done to its end: {kind}" for kind in sorted(self.scenario.kinds - self._done)]
            await endings.end(breaking)
            self._failures(breaking)
            await faults.calm(ground)

    async def _faults(self, ground: Ground, course: tuple[Fault, ...], chance: Random) -> None:
        """One after the other, each kind once in a round, the order of every round drawn anew."""
        while True:
            for fault in chance.sample(course, len(course)):
                await asyncio.sleep(chance.uniform(*self.scenario.pauses))
                with self.noting(fault.kind):
                    await fault.act(ground, chance, partial(ground.hit, fault.kind))
                    self._done |= ground.faults.keys() & {fault.kind}

    def _failures(self, tasks: list[asyncio.Task[None]]) -> None:
        """What made tasks end by themselves."""
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                with self.noting(str(task.get_coro())):
                    raise error

    async def _stop(self, ground: Ground) -> None:
        """Every process must end in order when told to, once it works."""
        for name in tuple(ground.fleet.processes):
            await ground.ready(name)
        for name, process in ground.fleet.processes.items():
            process.terminate()
            ground.note("stopping", name=name)
        for name, process in list(ground.fleet.processes.items()):
            async with asyncio.timeout(faults.STOP_SECONDS):
                code = await faults.exited(process)
            if code != 0:
                ground.died.append(f"{name} ended with {code} when told to end")
            del ground.fleet.processes[name]


async def _told(ground: Ground, listeners: list[Listener], seconds: float) -> None:
    """Return when every listener has been told all there is."""
    with psycopg.connect(ground.settings.database_url) as connection:
        (last,) = connection.execute("SELECT event_seq FROM accounts WHERE id = 1").fetchone() or (0,)
    await wait_until(lambda: all(listener.seen >= last for listener in listeners), seconds)


def impatient(log: dict[str, Any]) -> list[str]:
    """Requests that came after the exchange had said to wait, other than those already on their way then."""
    return [
        f"{market} was asked for {each['path']} {each['after_ms']} ms after a {each['status']}: {each['left_ms']} early"
        for market, violations in log["violations"].items()
        for each in violations
        if each["after_ms"] > ON_THEIR_WAY_MS
    ]
