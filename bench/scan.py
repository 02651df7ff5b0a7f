"""A full scan of 966 pairs at one timeframe, from the close of the candles to the stored signals.

The baseline does the same, by the same code, pair by pair, one after the other in one process, at the next close.
"""

import argparse
import asyncio
import time
from datetime import datetime, timedelta

import httpx

from bench.ground import ground, listed
from bench.running import weights, workers
from bench.table import Row
from services.db import instruments, scans
from services.domain.candles import Timeframe
from services.domain.market import Market
from services.domain.shards import Shard
from services.settings import Settings
from services.usecases.bring_candles import bring_candles
from services.usecases.context import Services
from services.usecases.plan_scan import plan_scan
from services.usecases.scan_pairs import scan_pairs
from workers import actors
from workers.broker import broker

WORKERS = 2
SPEED = 8
"""Exchange seconds per second: a candle closes every 112 seconds, the weight of a minute is back after 7.5."""
TIMEFRAME = Timeframe.M15
BATCH = 8
LATENCY_MS, BOUND = 40, 4
"""Milliseconds of exchange latency, and how many times faster than pair by pair a scan must be."""
CYCLE = {"SPOT": 2 * 436, "FUTURES": 530}
"""What the candle cycle of the same minute costs (`python -m bench cycle`)."""


def run(_options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return f"one scan of 966 pairs at {TIMEFRAME}, {WORKERS} worker processes", asyncio.run(_run())


async def _run() -> list[Row]:
    async with (
        ground(SPEED, log_level="ERROR", scan_timeframes=TIMEFRAME) as (settings, urls),
        httpx.AsyncClient() as control,
        listed(settings) as services,
        workers(settings, WORKERS),
    ):
        await _bring_histories(services)
        await control.post(f"{urls['control_url']}/latency", json={"ms": LATENCY_MS})
        closed_to = await _next_close(services)
        await control.request("DELETE", f"{urls['control_url']}/log")
        fleet = await _scan(services, closed_to)
        spent = await weights(control, urls)
        signals = sum(state.signals for state in await _states(services, closed_to))
        alone = await _pair_by_pair(services, await _next_close(services))
    return _rows(fleet, alone, spent, signals, settings)


def _rows(fleet: float, alone: float, spent: dict[str, int], signals: int, settings: Settings) -> list[Row]:
    faster = alone / fleet
    budgets = {
        "SPOT": settings.spot_weight_per_minute * settings.weight_share,
        "FUTURES": settings.futures_weight_per_minute * settings.weight_share,
    }
    share = max((spent[market] + CYCLE[market]) / float(budgets[market]) for market in budgets)
    return [
        Row(
            f"scan at {LATENCY_MS} ms of latency, {signals} signals",
            f"{fleet:.2f} s",
            f"pair by pair {alone:.1f} s",
            faster,
            f">= {BOUND} times faster",
            faster >= BOUND,
        ),
        Row(
            "weight of a scan and a cycle",
            ", ".join(f"{name} {spent[name]} + {CYCLE[name]} of {budgets[name]:.0f}" for name in budgets),
            "",
            share,
            "<= 0.7",
            share <= 0.7,
        ),
    ]


async def _bring_histories(services: Services) -> None:
    """Every pair's candles, as after the first minutes of a fleet."""
    for market in Market:
        async with services.pool.connection() as connection:
            missing = await instruments.listed(connection, market)
        while missing:
            now = await services.clock.now(market)
            part = missing[:BATCH]
            left = await bring_candles(services, part, TIMEFRAME, TIMEFRAME.floor(now), now, base=TIMEFRAME)
            missing = missing[BATCH:] + [each.instrument for each in left]


async def _next_close(services: Services) -> datetime:
    """Waits until a candle has just closed; when it did, exchange time."""
    now = await services.clock.now(Market.SPOT)
    closed_to = TIMEFRAME.floor(now) + TIMEFRAME.length
    await asyncio.sleep((closed_to - now).total_seconds() / SPEED)
    return closed_to


async def _scan(services: Services, closed_to: datetime) -> float:
    """Seconds from the close until every batch of both markets is done, asked for as a scheduler does."""
    started = time.perf_counter()
    while True:
        for market in Market:
            messages = [
                actors.scan_pairs.message(batch.market, batch.closed_to.isoformat(), batch.shard)
                for batch in await plan_scan(services, market)
                if batch.closed_to == closed_to
            ]
            await asyncio.to_thread(broker.enqueue_many, messages)
        asked = time.perf_counter()
        while time.perf_counter() < asked + 2:
            states = await _states(services, closed_to)
            if len(states) == len(Market) and all(state.done == state.batches for state in states):
                return time.perf_counter() - started
            await asyncio.sleep(0.02)
        assert time.perf_counter() < started + 40, "the scan did not finish before the next close"


async def _states(services: Services, closed_to: datetime) -> list[scans.ScanState]:
    async with services.pool.connection() as connection:
        return [state for state in await scans.newest(connection) if state.closed_to == closed_to]


async def _pair_by_pair(services: Services, closed_to: datetime) -> float:
    """Seconds that one pair after the other takes."""
    async with services.pool.connection() as connection:
        listed = await instruments.listed(connection)
        one_each = [Shard(each.market, number, (each.symbol,), 1) for number, each in enumerate(listed)]
        await scans.plan(connection, closed_to, [TIMEFRAME], one_each)
    await asyncio.sleep(timedelta(seconds=10).total_seconds() / SPEED)  # the candle is closed for everybody
    started = time.perf_counter()
    for shard in one_each:
        await scan_pairs(services, shard.market, closed_to, shard.number)
    return time.perf_counter() - started
