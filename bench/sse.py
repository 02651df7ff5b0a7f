"""Event streams: thousands of readers on one API process, beside a bare asyncio writer of the same bytes.

Server, readers and the baseline are processes of their own; the events are rows that this process commits.
"""

import argparse
import asyncio
import resource
import time
from pathlib import Path as Folder
from typing import Any, cast

import httpx
import msgspec
from redis.asyncio import Redis

from bench.book import book, database
from bench.evaluate import sample_payload
from bench.running import Process, api, spawned, valkey
from bench.table import Row
from services.coordination import doorbell
from services.db.pool import Pool
from services.settings import Settings

CONNECTIONS = 5_000
BURST = 40
"""Events committed together."""
SINGLES = 15
"""Events committed one by one, each when everybody has the last."""
STEADY, EVERY_SECONDS = 30, 0.5
"""Events at an even pace, for the delay from commit to reader."""
CUTS, CUT_STREAMS = 1_000, 50


def run(options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return f"event streams, {CONNECTIONS:,} readers of one API process", asyncio.run(_run())


async def _run() -> list[Row]:
    async with database() as url, book(url, 2_000, 1) as pool, valkey() as redis_url:
        payload = await _payload(pool)
        settings = Settings(
            database_url=url, redis_url=redis_url, spot_url="http://127.0.0.1:9", futures_url="http://127.0.0.1:9"
        )
        redis = Redis.from_url(redis_url)
        try:
            return await _measure(settings, pool, redis, payload)
        finally:
            await redis.aclose()


async def _measure(settings: Settings, pool: Pool, redis: Redis, payload: str) -> list[Row]:
    async with api(settings) as (port, pid):
        idle = _memory(pid)
        async with spawned("bench.sse_reader", "127.0.0.1", str(port)) as reader:
            opened = await reader.ask(open=CONNECTIONS)
            held = _memory(pid)

            async def commit(count: int) -> float:
                await reader.ask(expect=count)
                started = time.time()
                await _append(pool, redis, payload, count)
                return started

            burst = await _rate(reader, commit, BURST)
            loaded = _memory(pid)
            single = await _singles(reader, commit)
            await reader.ask(expect=STEADY)
            for _ in range(STEADY):
                await _append(pool, redis, payload, 1)
                await asyncio.sleep(EVERY_SECONDS)
            steady = await reader.ask(wait=0)
        async with spawned("bench.sse_reader", "127.0.0.1", str(port)) as reader:
            cuts = asyncio.create_task(reader.ask(cuts=CUTS, streams=CUT_STREAMS))
            while not (await asyncio.wait([cuts], timeout=0.05))[0]:
                await _append(pool, redis, payload, 2)
            await cuts
            cut = await reader.ask(end=await _append(pool, redis, payload, 2))
        frame = await _frame(port)
    async with spawned("bench.sse_writer") as writer:
        port = int(cast(int, await writer.answer()))
        async with spawned("bench.sse_reader", "127.0.0.1", str(port)) as reader:
            await reader.ask(open=CONNECTIONS)

            async def write(count: int) -> float:
                await reader.ask(expect=count)
                writer.tell([frame] * count)
                return time.time()

            bare_burst, bare_single = await _rate(reader, write, BURST), await _singles(reader, write)
    each = (held - idle) / CONNECTIONS
    return [
        Row("opened", f"{CONNECTIONS / opened['seconds']:,.0f} streams/s", ""),
        Row("memory a stream, idle", f"{each / 1024:.1f} KiB", f"process before {idle / 2**20:.0f} MiB"),
        Row(f"memory after {BURST} events to everybody", f"{loaded / 2**20:.0f} MiB", f"idle {held / 2**20:.0f} MiB",
            loaded / held),
        _against(f"{BURST} events of {len(payload):,} bytes to everybody", burst, bare_burst),
        _against("one event to everybody", single, bare_single),
        Row(f"commit to reader, {1 / EVERY_SECONDS:.0f} events/s to everybody",
            f"p50 {1000 * steady['p50']:.0f} ms, p99 {1000 * steady['p99']:.0f} ms", "", None, "p99 <= 500 ms",
            steady["p99"] <= 0.5 and not steady["lost"]),
        Row(f"{cut['cuts']:,} cuts at any byte, resumed",
            f"{cut['events']:,} events, {cut['gaps']} gaps, {cut['repeats']} repeats, "
            f"{cut['whole']} of {CUT_STREAMS} streams whole", "", None, "none missing, none twice",
            not cut["gaps"] and not cut["repeats"] and cut["whole"] == CUT_STREAMS and cut["events"] > cut["cuts"]),
    ]  # fmt: skip


def _against(name: str, rate: float, bare: float) -> Row:
    return Row(
        name, f"{rate:,.0f} deliveries/s", f"bare writer {bare:,.0f}/s", rate / bare, ">= 0.4", rate >= 0.4 * bare
    )


async def _rate(reader: Process, send: Any, count: int) -> float:
    """Deliveries per second of `count` events sent at once: the best of three."""
    rates = []
    for _ in range(3):
        started = await send(count)
        seconds: float = (await reader.ask(wait=0))["last"] - started
        rates.append(CONNECTIONS * count / seconds)
    return max(rates)


async def _singles(reader: Process, send: Any) -> float:
    """Deliveries per second of events sent one by one."""
    seconds = 0.0
    for _ in range(SINGLES):
        started = await send(1)
        seconds += (await reader.ask(wait=0))["last"] - started
    return CONNECTIONS * SINGLES / seconds


async def _append(pool: Pool, redis: Redis, payload: str, count: int) -> int:
    """Commit so many events; the number of the last."""
    async with pool.connection() as connection:
        cursor = await connection.execute(_APPEND, {"count": count, "payload": payload})
        head = max(seq for (seq,) in await cursor.fetchall())
    await doorbell.ring(redis, ["a1"])
    return int(head)


async def _payload(pool: Pool) -> str:
    """The event of a closed trade, with room for the time at which it was written."""
    async with pool.connection() as connection:
        event = cast(dict[str, Any], await sample_payload(pool, connection))
    return msgspec.json.encode(event).decode()


async def _frame(port: int) -> str:
    """An event as the API sends it."""
    url = f"http://127.0.0.1:{port}/api/events/?from=start"
    async with httpx.AsyncClient() as http, http.stream("GET", url) as response:
        text = ""
        async for part in response.aiter_text():
            text += part
            frames = [frame for frame in text.split("\n\n")[:-1] if '"sent"' in frame]
            if frames:
                return frames[0] + "\n\n"
    raise AssertionError("no event came")


def _memory(pid: int) -> int:
    """Bytes that the process holds in memory."""
    return int(Folder(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


_APPEND = """
WITH moved AS (
    UPDATE accounts SET event_seq = event_seq + %(count)s WHERE id = 1 RETURNING event_seq - %(count)s AS base)
INSERT INTO events (stream, seq, type, action, payload)
SELECT 'a1', base + n, 'paper_trade', 'closed',
    (jsonb_build_object('sent', extract(epoch FROM clock_timestamp())) || %(payload)s::jsonb)::json
FROM moved, generate_series(1, %(count)s) n
RETURNING seq
"""
