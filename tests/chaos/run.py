"""One run of a scenario: the fleet is started, broken, left in peace, stopped and checked."""

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psycopg

from tests.chaos import faults
from tests.chaos.checker import check
from tests.chaos.crowd import Crowd
from tests.chaos.ground import START, Ground, Scale, ground_on
from tests.chaos.listeners import Listener
from tests.chaos.scenarios import Scenario
from tests.chaos.watch import Watch
from tests.servers import Servers, wait_until

ON_THEIR_WAY_MS = 1500
CALM_AT = 0.8
"""The part of the market after which nothing more is broken."""


class Result(msgspec.Struct, frozen=True):
    """A line of the table. `violations` are told in full in the run's folder."""

    name: str
    faults: int
    trades: int
    closes: int
    events: int
    violations: list[str]
    seconds: float
    seed: int
    statuses: dict[int, int] = {}


async def perform(
    servers: Servers, scenario: Scenario, folder: Path, seed: int, scale: Scale, *, watched: bool = False
) -> Result:
    """Run `scenario`; what it left behind is in `folder`. `watched`: every second is looked at as well."""
    began = time.monotonic()
    scale = scale._replace(schedulers=scenario.schedulers, workers=scenario.workers, apis=scenario.apis)
    scale = scale._replace(skews=scenario.skews, speed=scenario.speed or scale.speed)
    async with ground_on(servers, folder, seed, scale) as ground:
        crowd = Crowd(ground, seed, scenario.people)
        with psycopg.connect(ground.settings.database_url) as connection:
            (epoch,) = connection.execute("SELECT epoch FROM system").fetchone() or ("",)
        listeners = [Listener(ground, epoch, seed + number) for number in range(scenario.listeners)]
        await ground.run()
        listening = [asyncio.create_task(listener.listen()) for listener in listeners]
        acting = asyncio.create_task(crowd.act())
        watch = Watch(ground)
        watching = [asyncio.create_task(watch.look())] if watched else []
        breaking = [
            asyncio.create_task(_break(ground, course, scenario.pauses, Random(f"{seed} {number}")))
            for number, course in enumerate((scenario.faults, scenario.beside))
            if course
        ]
        try:
            await ground.market_comes_to(START + (ground.market.end - START) * CALM_AT)
            await _end(breaking)
            await faults.calm(ground)
            await ground.market_comes_to(ground.market.end + ground.clock_error)
            ground.note("the market is over", fault=False)
            await asyncio.wait_for(acting, scenario.patience)
            ground.note("people went home", fault=False)
            await ground.judged(scenario.patience)
            ground.note("all is judged", fault=False)
            await _told(ground, listeners, scenario.patience)
            ground.note("all are told", fault=False)
        finally:
            await _end([*breaking, *listening, *watching, acting])
        await _stopped(ground)
        exchange_log = await ground.simulator.log()
        books = check(ground, crowd)
        ground.faults += sum(listener.cuts for listener in listeners)
        wrong = books.violations + [wrong for listener in listeners for wrong in listener.violations]
        wrong += impatient(exchange_log)
        if watched:
            wrong += watch.judge()
            ground.note(watch.line(), fault=False)
        result = Result(
            scenario.name, ground.faults, *books[:3], wrong, time.monotonic() - began, seed, dict(crowd.statuses)
        )
    (folder / "result.json").write_text(json.dumps(msgspec.to_builtins(result), indent=1))
    return result


async def _break(ground: Ground, course: tuple[faults.Fault, ...], pauses: tuple[float, float], chance: Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(*pauses))
        await chance.choice(course)(ground, chance)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel what still runs; what failed by itself is raised."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def _told(ground: Ground, listeners: list[Listener], seconds: float) -> None:
    """Return when every listener has been told all there is."""
    with psycopg.connect(ground.settings.database_url) as connection:
        (last,) = connection.execute("SELECT event_seq FROM accounts WHERE id = 1").fetchone() or (0,)
    await wait_until(lambda: all(listener.seen >= last for listener in listeners), seconds)


async def _stopped(ground: Ground) -> None:
    """Every process must end in order when told to, once it works."""
    for name in tuple(ground.fleet.processes):
        await ground.ready(name)
    for name, process in ground.fleet.processes.items():
        process.terminate()
        ground.note("stopping", fault=False, name=name)
    for name, process in list(ground.fleet.processes.items()):
        code = await asyncio.wait_for(faults.exited(process), faults.STOP_SECONDS)
        if code != 0:
            ground.died.append(f"{name} ended with {code} when told to end")
        del ground.fleet.processes[name]


def impatient(log: dict[str, Any]) -> list[str]:
    """Requests that came after the exchange had said to wait, other than those already on their way then."""
    return [
        f"{market} was asked for {each['path']} {each['after_ms']} ms after a {each['status']}: {each['left_ms']} early"
        for market, violations in log["violations"].items()
        for each in violations
        if each["after_ms"] > ON_THEIR_WAY_MS
    ]
