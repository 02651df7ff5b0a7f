"""One candle cycle of 966 pairs, from the first message to the last COMMIT, against the simulated exchange.

The baseline asks for the same bars one by one on one connection, as a simple loop would.
"""

import argparse
import asyncio
import time
from datetime import UTC, datetime

import httpx

from bench.ground import ground, listed
from bench.running import weights, workers
from bench.table import Row
from services.db import instruments
from services.domain.market import Market
from services.domain.path import MINUTE, floor_minute
from services.usecases.context import Services
from services.usecases.plan_cycle import plan_cycle
from workers import actors
from workers.broker import broker

WORKERS = 2
ROUNDS = 3
SPEED = 30
"""Exchange seconds per second, so that a new minute is there every two seconds."""
BOUNDS = {40: 12, 200: 25}
"""Milliseconds of exchange latency, and how many times faster than one by one a cycle must be."""


def run(_options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return f"one candle cycle of 966 pairs, {WORKERS} worker processes", asyncio.run(_run())


async def _run() -> list[Row]:
    rows = []
    async with (
        ground(SPEED, log_level="ERROR") as (settings, urls),
        httpx.AsyncClient() as control,
        listed(settings) as services,
        workers(settings, WORKERS),
    ):
        await cycle(services)  # connections, prepared statements, caches
        for latency, bound in BOUNDS.items():
            await control.post(f"{urls['control_url']}/latency", json={"ms": latency})
            rows += await _measure(services, control, urls, latency, bound)
    return rows


async def _measure(
    services: Services, control: httpx.AsyncClient, urls: dict[str, str], latency: int, bound: int
) -> list[Row]:
    await control.request("DELETE", f"{urls['control_url']}/log")
    times = [await cycle(services) for _ in range(ROUNDS)]
    spent = {market: total / ROUNDS for market, total in (await weights(control, urls)).items()}
    alone = await _one_by_one(services)
    await cycle(services)  # what came up meanwhile
    fleet = sorted(times)[len(times) // 2]
    faster = alone / fleet
    settings = services.settings
    limits = {"SPOT": settings.spot_weight_per_minute, "FUTURES": settings.futures_weight_per_minute}
    allowed = {market: float(limit * settings.weight_share) for market, limit in limits.items()}
    share = max(spent[market] / allowed[market] for market in allowed)
    return [
        Row(
            f"cycle at {latency} ms of latency",
            f"{fleet:.2f} s",
            f"one by one {alone:.1f} s",
            faster,
            f">= {bound} times faster",
            faster >= bound,
        ),
        Row(
            f"weight of a cycle at {latency} ms",
            ", ".join(f"{market} {spent[market]:.0f} of {allowed[market]:.0f}" for market in allowed),
            "",
            share,
            "<= 0.5",
            share <= 0.5,
        ),
    ]


async def _one_by_one(services: Services) -> float:
    """Seconds that a plain loop over all pairs takes."""
    async with services.pool.connection() as connection:
        listed = await instruments.listed(connection)
    end = floor_minute(await services.clock.now(Market.SPOT))
    started = time.perf_counter()
    for each in listed:
        await services.exchange.path(
            each.market, each.symbol, each.id, start=end - MINUTE, end=end, tail=False, purpose="command"
        )
    return time.perf_counter() - started


async def cycle(services: Services) -> float:
    """Seconds from the enqueueing of a cycle to the COMMIT of its last batch, once every pair has a new bar."""
    await asyncio.sleep(1.5 * 60 / SPEED)
    return await cycle_now(services)


async def cycle_now(services: Services) -> float:
    """Seconds from the enqueueing of a cycle to the COMMIT of its last batch."""
    slot = datetime.now(UTC)
    started = time.perf_counter()
    shards = await plan_cycle(services, slot)
    messages = [
        actors.fetch_paths.message(shard.market, list(shard.symbols), slot.isoformat(), shard.number)
        for shard in shards
    ]
    await asyncio.to_thread(broker.enqueue_many, messages)
    deadline = started + 120
    while not await _is_finished(services, slot):
        assert time.perf_counter() < deadline, "the cycle did not finish"
        await asyncio.sleep(0.01)
    return time.perf_counter() - started


async def _is_finished(services: Services, slot: datetime) -> bool:
    async with services.pool.connection() as connection:
        cursor = await connection.execute("SELECT finished_at IS NOT NULL FROM cycles WHERE slot = %s", [slot])
        row = await cursor.fetchone()
    return bool(row and row[0])
