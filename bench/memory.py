"""The processes of a fleet: start to ready, memory idle and loaded, and how six hours of absence are caught up.

Loaded is a process's largest resident size by the end, and what the two servers hold then: workers and scheduler have
caught up with six hours of 966 pairs, each with an open trade, so that nothing may be passed over; the API has answered
a thousand requests and holds 200 streams. The simulated market keeps real time and real weights; its clock is moved on
while no process runs.
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.book import PAIRS
from bench.fleet import Fleet, fleet, memory, trading
from bench.ground import ground
from bench.running import weights
from bench.servers import pids
from bench.table import Row
from services.domain.market import Market
from services.settings import Settings

LATENCY_MS = 40
AWAY_HOURS = 6
LAG_SECONDS = 125.0
"""A pair judged up to the last closed minute is behind by two minutes at most."""
CATCH_UP_SECONDS = 600.0
OPENING = 6
STREAMS, REQUESTS = 200, 1_000
START_BOUND_SECONDS, LOADED_BOUND_MIB = 5.0, 256
NAMES = ("scheduler", "worker-1", "worker-2", "api")
_MIB = 2**20


class Caught(NamedTuple):
    """Seconds until the lag was gone, requests asked, and weight used by market."""

    seconds: float
    requests: int
    weight: dict[str, int]


def run(_options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return f"processes, and {AWAY_HOURS} hours away with {PAIRS} pairs", asyncio.run(_run())


async def _run() -> list[Row]:
    async with ground() as (settings, urls), httpx.AsyncClient() as control:
        await control.post(f"{urls['control_url']}/latency", json={"ms": LATENCY_MS})
        async with _trading(settings) as (running, http):
            idle = {name: memory(member.process.pid) for name, member in running.members.items()}
            servers_idle = await asyncio.to_thread(_servers, settings)
            starts = {name: member.ready_seconds for name, member in running.members.items()}
            held = await _open_everywhere(http)
        await control.post(f"{urls['control_url']}/clock", json={"advance_ms": AWAY_HOURS * 3_600_000})
        await control.request("DELETE", f"{urls['control_url']}/log")
        async with fleet(settings) as running, httpx.AsyncClient(base_url=running.url, timeout=60) as http:
            caught = await _catch_up(running, http, control, urls)
            await _load(http)
            loaded = {name: _peak(member.process.pid) for name, member in running.members.items()}
            servers = await asyncio.to_thread(_servers, settings)
        bare = await _bare_start()
    return [*_processes(starts, bare, idle, loaded), *_beside(servers_idle, servers), *_caught(caught, held, settings)]


@asynccontextmanager
async def _trading(settings: Settings) -> AsyncIterator[tuple[Fleet, httpx.AsyncClient]]:
    async with fleet(settings, *NAMES) as running, httpx.AsyncClient(base_url=running.url, timeout=60) as http:
        await trading(http, PAIRS)
        yield running, http


async def _open_everywhere(http: httpx.AsyncClient) -> int:
    """A LONG on every pair that takes one of 200 USDT, with a stop and a target far away; how many there are."""
    gate = asyncio.Semaphore(OPENING)

    async def one(market: Market, found: dict[str, Any]) -> bool:
        price = Decimal(found["last"])
        wish = {"market_type": market, "symbol": found["symbol"], "direction": "LONG", "position_size": "200"}
        levels = {"stop_loss": f"{price * Decimal('0.5'):f}", "take_profit": f"{price * 2:f}"}
        async with gate:
            return (await http.post("/api/paper-trades/", json=wish | levels)).status_code == 201

    wishes = []
    for market in Market:
        answer = await http.get("/api/prices/", params={"market_type": market})
        wishes += [one(market, found) for found in answer.json()["results"]]
    return sum(await asyncio.gather(*wishes))


async def _catch_up(
    running: Fleet, http: httpx.AsyncClient, control: httpx.AsyncClient, urls: dict[str, str]
) -> Caught:
    started = time.perf_counter()
    await running.start(*NAMES)
    async with asyncio.timeout(CATCH_UP_SECONDS):
        while await _is_behind(http):  # noqa: ASYNC110 - it is other processes that are waited for
            await asyncio.sleep(0.5)
    seconds = time.perf_counter() - started
    log = (await control.get(f"{urls['control_url']}/log")).json()
    return Caught(seconds, sum(each["count"] for each in log["requests"]), await weights(control, urls))


async def _is_behind(http: httpx.AsyncClient) -> bool:
    lag = (await http.get("/api/system/")).json()["lag_seconds"]
    return lag is None or lag > LAG_SECONDS


async def _load(http: httpx.AsyncClient) -> None:
    """Hold streams open while lists of a hundred trades and the performance are read."""
    async with (
        AsyncExitStack() as stack,
        httpx.AsyncClient(
            base_url=http.base_url, timeout=None, limits=httpx.Limits(max_connections=STREAMS)
        ) as readers,
    ):
        for _ in range(STREAMS):
            await stack.enter_async_context(readers.stream("GET", "/api/events/"))
        for number in range(REQUESTS):
            path = "/api/paper-trades/performance/" if number % 4 == 0 else "/api/paper-trades/?limit=100"
            (await http.get(path)).raise_for_status()


def _peak(pid: int) -> int:
    """The largest resident size that a process has had, in bytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:", 1)[1].split(None, 1)[0]) * 1024


def _servers(settings: Settings) -> dict[str, int]:
    """Bytes of memory that each server's processes hold, what they share counted once."""
    return {name: sum(map(_share, some)) for name, some in pids(settings).items()}


def _share(pid: int) -> int:
    """Bytes that a process holds, each page divided by the processes that share it; 0 of one that has ended."""
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


async def _bare_start() -> float:
    """Seconds that a Python takes to start and to end at once."""
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    await process.wait()
    return time.perf_counter() - started


def _processes(starts: dict[str, float], bare: float, idle: dict[str, int], loaded: dict[str, int]) -> list[Row]:
    rows = []
    for name in starts:
        took, most = starts[name], loaded[name] / _MIB
        rows += [
            Row(
                f"{name}, start to ready",
                f"{took:.2f} s",
                f"a bare Python {bare:.3f} s",
                took / bare,
                f"<= {START_BOUND_SECONDS:.0f} s",
                took <= START_BOUND_SECONDS,
            ),
            Row(
                f"{name}, memory loaded",
                f"{most:.0f} MiB",
                f"idle {idle[name] / _MIB:.0f} MiB",
                loaded[name] / idle[name],
                f"<= {LOADED_BOUND_MIB} MiB",
                most <= LOADED_BOUND_MIB,
            ),
        ]
    return rows


def _beside(idle: dict[str, int], loaded: dict[str, int]) -> list[Row]:
    return [
        Row(f"{name}, memory loaded", f"{loaded[name] / _MIB:.0f} MiB", f"idle {idle[name] / _MIB:.0f} MiB",
            loaded[name] / idle[name])
        for name in idle
    ]  # fmt: skip


def _caught(caught: Caught, held: int, settings: Settings) -> list[Row]:
    """The baseline is the time in which the budget of the busier market, all of it, lets that weight be used."""
    limits = {"SPOT": settings.spot_weight_per_minute, "FUTURES": settings.futures_weight_per_minute}
    least = max(60 * caught.weight[market] / (limits[market] * float(settings.weight_share)) for market in limits)
    told = ", ".join(f"{market} {weight:,}" for market, weight in caught.weight.items())
    return [
        Row(
            f"{AWAY_HOURS} hours caught up, {held} trades held",
            f"{caught.seconds:.0f} s from the first start, {caught.requests:,} requests, weight {told}",
            f"the budget alone: {least:.0f} s",
            caught.seconds / least,
            "<= 2",
            caught.seconds <= 2 * least,
        )
    ]
