"""The simulated exchange as a process of the tests, and a handle on its control endpoint."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from services.settings import Settings

ROOT = Path(__file__).parents[1]
START_SECONDS, STOP_SECONDS = 60, 30


class Simulator:
    """A running simulator. Its methods are the orders of /control; times are epoch milliseconds."""

    def __init__(self, urls: dict[str, str], process: asyncio.subprocess.Process) -> None:
        self.spot_url = urls["spot_url"]
        self.futures_url = urls["futures_url"]
        self.control_url = urls["control_url"]
        self.process = process
        self.http = httpx.AsyncClient(timeout=30)

    def settings(self, database_url: str, redis_url: str, **more: Any) -> Settings:
        """Those of a fleet that follows this exchange."""
        urls = {"spot_url": self.spot_url, "futures_url": self.futures_url}
        return Settings(database_url=database_url, redis_url=redis_url, **urls, **more)

    async def get(self, path: str, **parameters: object) -> httpx.Response:
        """A public request, path from the root."""
        return await self.http.get(f"{self.spot_url}{path}", params=parameters)

    async def json(self, path: str, **parameters: object):
        """The JSON of a public request that must succeed."""
        answer = await self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def control(self, method: str, name: str, **order: object):
        """One control order; the answer's JSON."""
        answer = await self.http.request(method, f"{self.control_url}/{name}", json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def now(self) -> int:
        """Exchange time."""
        return (await self.control("GET", "clock"))["time"]

    async def set_clock(
        self, *, paused: bool | None = None, speed: float | None = None, time: int | None = None, advance_ms: int = 0
    ) -> int:
        """Changes the clock; exchange time afterwards."""
        order = {"paused": paused, "speed": speed, "time": time, "advance_ms": advance_ms}
        return (await self.control("POST", "clock", **order))["time"]

    async def set_path(
        self, market: str, symbol: str, prints: list[tuple[int, Decimal | str]], tape: str = "both"
    ) -> None:
        """The tape from the first to the last print is these prints; then it goes on from the last price."""
        listed = [[time, str(price)] for time, price in prints]
        await self.control("POST", "path", market=market, symbol=symbol, prints=listed, tape=tape)

    async def jump(
        self, market: str, symbol: str, price: Decimal | str, hold_ms: int = 60_000, tape: str = "both"
    ) -> None:
        """The price is `price` from now on, for `hold_ms` at least."""
        await self.control("POST", "path", market=market, symbol=symbol, price=str(price), hold_ms=hold_ms, tape=tape)

    async def add_fault(self, kind: str, **options: object) -> None:
        """See deploy/simulator/faults.py for kinds and options."""
        await self.control("POST", "faults", kind=kind, **options)

    async def clear_faults(self) -> None:
        """Ends all faults, waits and bans."""
        await self.control("DELETE", "faults")

    async def set_listing(self, market: str, symbol: str, **changes: object) -> None:
        """Changes `status`, `listed` or `delivery_ms` of an instrument."""
        await self.control("POST", "listing", market=market, symbol=symbol, **changes)

    async def set_latency(self, ms: int) -> None:
        """Adds to every public answer."""
        await self.control("POST", "latency", ms=ms)

    async def log(self) -> dict:
        """Requests by path and status, weight by minute, violations of 429 and 418."""
        return await self.control("GET", "log")

    async def clear_log(self) -> None:
        """Forgets the log."""
        await self.control("DELETE", "log")


@asynccontextmanager
async def start_simulator(**options: object) -> AsyncIterator[Simulator]:
    """Runs `python -m deploy.simulator` with these options (seed=7, speed=60, paused=True, recorded=folder, ...)."""
    arguments = ["-m", "deploy.simulator", "--parent-dies"]
    for name, value in options.items():
        if value is not False and value is not None:
            arguments.append(f"--{name.replace('_', '-')}")
            arguments += [] if value is True else [str(value)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        simulator = Simulator(json.loads(line), process)
        async with simulator.http:
            yield simulator
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), STOP_SECONDS)


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator of its own, seed 7, at real speed."""
    async with start_simulator(seed=7) as running:
        yield running
