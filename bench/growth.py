"""How an evaluation grows with the live trades: a pass that triggers nothing, and passes that close 1 % and 20 %.

Each size on a book of its own, 966 pairs; a pass is the batches of one candle cycle, from path to COMMIT, by one
process. Five millions take about ten GB of disk and ten to thirty minutes: `--largest` asks for fewer.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from bench.book import book, database, paths
from bench.evaluate import BATCHES_AT_ONCE, QUIET
from bench.table import Row
from services.db.pool import Pool
from services.domain.path import Path
from services.usecases.judge_paths import judge_paths

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
SHARES = {"1 %": Decimal("0.01"), "20 %": Decimal("0.2")}
"""Of all trades, how many a pass closes; one after the other on the same book."""
CLOSINGS_MIN = 1000
"""So many closings in a pass make what one costs worth comparing: fewer pay for the batches that they come in."""
ACCOUNTS = 100
IDLE_BOUND, CLOSING_BOUND = 3.0, 2.5
"""However many trades there are, by what factor a pass that triggers nothing, and a closing, may cost more."""


def run(options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    sizes = [size for size in SIZES if size <= options.largest]
    return f"growth of an evaluation up to {sizes[-1]:,} live trades", asyncio.run(_run(sizes))


async def _run(sizes: Sequence[int]) -> list[Row]:
    async with database() as url:
        found: dict[str, dict[int, float]] = {name: {} for name in ("idle", *SHARES)}
        for size in sizes:
            async with book(url, size, ACCOUNTS) as pool:
                await _pass(pool, 0, QUIET[0])  # caches, prepared statements
                found["idle"][size] = 1000 * (await _pass(pool, 1, QUIET[0]))[0]
                for minute, (name, share) in enumerate(SHARES.items(), 2):
                    seconds, closed = await _pass(pool, minute, Decimal(99) - 19 * share)
                    found[name][size] = 1_000_000 * seconds / closed
    rows = _rows("a pass that triggers nothing, ms", found["idle"], IDLE_BOUND, SIZES[0])
    for name, share in SHARES.items():
        least = next(size for size in SIZES if size * share >= CLOSINGS_MIN)
        rows += _rows(f"closing {name}, us a closing", found[name], CLOSING_BOUND, least)
    return rows


async def _pass(pool: Pool, minute: int, low: Decimal) -> tuple[float, int]:
    """Seconds of one pass over all pairs, and how many trades it closed."""
    gate = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def evaluate(batch: Sequence[Path]) -> int:
        async with gate:
            return (await judge_paths(pool, batch)).closed

    batches = paths(minute, low, QUIET[1])
    started = time.perf_counter()
    closed = sum(await asyncio.gather(*map(evaluate, batches)))
    return time.perf_counter() - started, closed


def _rows(name: str, found: dict[int, float], bound: float, least: int) -> list[Row]:
    """A row a size, each beside the size `least`, smaller ones for themselves."""
    rows = []
    for size, value in found.items():
        row = Row(f"{name}: {size:,} live", f"{value:,.0f}", "", points={str(size): value})
        if size >= least:
            row = msgspec.structs.replace(
                row,
                baseline=f"{least:,} live: {found[least]:,.0f}",
                ratio=value / found[least],
                bound=f"<= {bound}",
                holds=value <= bound * found[least],
            )
        rows.append(row)
    return rows
