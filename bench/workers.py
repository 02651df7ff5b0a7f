"""One candle cycle of 966 pairs with one, two and four workers, while the exchange takes 200 ms to answer.

All of it runs on this machine: its share of busy CPU tells whether the exchange or the machine bounds a cycle.
"""

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx

from bench.cycle import SPEED, cycle, cycle_now
from bench.fleet import fleet
from bench.ground import ground, listed
from bench.table import Row
from services.usecases.context import Services

BOUNDS: Mapping[int, float] = {1: 1.0, 2: 1.7, 4: 2.8}
"""By workers, how many times as fast as one they must be."""
LATENCY_MS = 200
ROUNDS = 5


class Measured(NamedTuple):
    """A cycle's seconds, the cores that the workers kept busy, and the share of this machine's CPU that was."""

    seconds: float
    cores: float
    busy: float


def run(_options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return f"a cycle of 966 pairs at {LATENCY_MS} ms of latency, by workers", asyncio.run(_run())


async def _run() -> list[Row]:
    async with ground(SPEED) as (settings, urls), httpx.AsyncClient() as control, listed(settings) as services:
        await control.post(f"{urls['control_url']}/latency", json={"ms": LATENCY_MS})
        found = {count: await _measure(services, count) for count in BOUNDS}
    return [_row(count, each, found[1]) for count, each in found.items()]


async def _measure(services: Services, count: int) -> Measured:
    async with fleet(services.settings, *(f"worker-{n + 1}" for n in range(count))) as running:
        await cycle(services)  # connections, prepared statements, caches
        rounds = []
        for _ in range(ROUNDS):
            await asyncio.sleep(1.5 * 60 / SPEED)  # every pair has a new bar by then
            used, before = running.cpu(), _machine()
            seconds = await cycle_now(services)
            busy, idle = (after - was for after, was in zip(_machine(), before, strict=True))
            rounds.append(Measured(seconds, (running.cpu() - used) / seconds, busy / (busy + idle)))
    return Measured(*(median(values) for values in zip(*rounds, strict=True)))


def _machine() -> tuple[int, int]:
    """Ticks that this machine's CPUs have been busy and idle."""
    user, nice, system, idle, waiting, *rest = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return user + nice + system + sum(rest), idle + waiting


def _row(count: int, each: Measured, one: Measured) -> Row:
    faster, bound = one.seconds / each.seconds, BOUNDS[count]
    return Row(
        f"{count} worker{'s' if count > 1 else ''}",
        f"{each.seconds:.2f} s; workers keep {each.cores:.2f} cores busy, the machine is {100 * each.busy:.0f} % busy",
        f"1 worker {one.seconds:.2f} s",
        faster,
        f">= {bound} times faster" if count > 1 else "",
        faster >= bound if count > 1 else None,
        {str(count): each.seconds},
    )
