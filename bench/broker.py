"""Messages through our broker beside dramatiq's own RedisBroker, on one Valkey: an actor that does nothing.

Each side is a process of its own with eight worker threads; they take turns, and of their throughputs the best counts:
what else the machine does can only lower it, and a message's way is so short that it lowers a single round by half.
Throughput is measured on a queue that was filled before the worker began; the wait of a message on an idle queue shows
how soon an idle worker hears of it.
"""

import argparse
import asyncio
from statistics import median

from bench.running import spawned, valkey
from bench.table import Row

ROUNDS = 5
MESSAGES = 5_000
SINGLES = 10
"""Messages sent to an idle queue, one at a time."""
WAITS = ("wait_p50", "wait_p99")
"""What is told in milliseconds: of these the median counts."""


def run(_options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return f"{MESSAGES:,} messages of an empty actor, 8 threads", asyncio.run(_run())


async def _run() -> list[Row]:
    told: dict[str, list[dict[str, float]]] = {"stock": [], "fleet": [], "poisoned": [], "async": []}
    for _ in range(ROUNDS):
        for side, rounds in told.items():
            async with valkey() as redis_url, spawned("bench.broker_side", side, redis_url) as process:
                rounds.append(await process.ask(messages=MESSAGES, singles=SINGLES))
    stock, fleet, poisoned, declared = (
        {name: (median if name in WAITS else max)(each[name] for each in rounds) for name in rounds[0]}
        for rounds in told.values()
    )
    return [
        _rate("sent one by one", fleet["sent"], stock["sent"], 0.75),
        _rate("enqueued together, as the scheduler does", fleet["enqueued"], stock["sent"], 3),
        _rate("worked off", fleet["worked"], stock["worked"], 0.75),
        _rate("worked off, one in a hundred poison", poisoned["worked"], fleet["worked"], 0.95, "none of it"),
        _rate("worked off by an async actor of the fleet", declared["worked"], stock["worked"], 0.4),
        Row(
            "wait of a message on an idle queue",
            f"p50 {fleet['wait_p50']:.0f} ms, p99 {fleet['wait_p99']:.0f} ms",
            f"RedisBroker p50 {stock['wait_p50']:.0f} ms, p99 {stock['wait_p99']:.0f} ms",
            fleet["wait_p50"] / stock["wait_p50"],
            "p99 <= 100 ms",
            fleet["wait_p99"] <= 100,
        ),
    ]


def _rate(name: str, ours: float, baseline: float, bound: float, what: str = "RedisBroker") -> Row:
    return Row(
        name, f"{ours:,.0f}/s", f"{what} {baseline:,.0f}/s", ours / baseline, f">= {bound}", ours >= bound * baseline
    )
