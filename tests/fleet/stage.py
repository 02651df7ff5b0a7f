"""A market that stands still before its first minute, orders resting on it, and a fleet not yet started."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from services.settings import Settings
from tests.fleet import orders
from tests.fleet.fleet import Fleet, fleet_on, judged_to
from tests.fleet.oracle import Order
from tests.servers import wait_until
from tests.simulator_process import Simulator, start_simulator

SPEED = 1000
"""Exchange seconds in one of ours: a cycle, two seconds at least, carries half an hour."""


class Place(NamedTuple):
    """Where a stage stands: servers to use, and a folder for logs."""

    database_url: str
    redis_url: str
    folder: Path


class Stage(NamedTuple):
    """See the module."""

    fleet: Fleet
    simulator: Simulator
    settings: Settings

    async def run(self, schedulers: int = 1, workers: int = 2) -> None:
        """Let time pass, and start the fleet."""
        await self.simulator.set_clock(paused=False)
        await self.fleet.start(schedulers, workers)

    async def judged(self, time: datetime, seconds: float = 40) -> None:
        """Return when everything before `time` has been judged."""
        await wait_until(lambda: judged_to(self.settings) >= time, seconds)


@asynccontextmanager
async def stage_on(
    place: Place, recording: Path, start: datetime, placed: Sequence[Order], *, speed: int = SPEED, **changes: object
) -> AsyncIterator[Stage]:
    """The market of `recording` at `start`, with the orders `placed`. `changes` are settings."""
    options = {"recorded": recording, "start": start.isoformat(), "speed": speed, "paused": True}
    async with start_simulator(**options) as simulator:
        more = {
            "scan_timeframes": "",
            "market_speed": Decimal(speed),
            "sweep_seconds": Decimal(1),
            "starting_balance": Decimal(10_000_000),
            **changes,
        }
        settings = simulator.settings(place.database_url, place.redis_url, **more)
        async with orders.standing_still(settings) as services:
            await orders.place(services, await orders.open_market(services), placed)
        with fleet_on(settings, place.folder) as fleet:
            yield Stage(fleet, simulator, settings)
