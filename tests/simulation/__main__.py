"""`python -m tests.simulation`: 10,000 seeds in memory, 300 on PostgreSQL, or as many as asked; the result is kept."""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from services.usecases import judge_paths
from tests.evaluation.desk import Desk, open_pool
from tests.servers import running_servers, scrub_environment
from tests.simulation.seeds import in_memory, on_postgres

FOLDER = Path(".chaos")
Run = Callable[[int], Awaitable[list[str]]]


def main() -> None:
    """Exit status 1 when a seed ends otherwise than its prints say; the seed is told."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description="Runs driven by seeds, judged by prints."
    )
    parser.add_argument("--memory", type=int, default=10_000)
    parser.add_argument("--postgres", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    scrub_environment()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    seeds = range(options.first, options.first + options.memory)
    results = {"in memory": asyncio.run(_told("in memory", in_memory, seeds))}
    if options.postgres:
        seeds = range(options.first, options.first + options.postgres)
        with running_servers(Path(tempfile.mkdtemp(prefix="simulation-"))) as servers, servers.database() as url:
            results["on PostgreSQL"] = asyncio.run(_on_postgres(url, seeds))
    FOLDER.mkdir(exist_ok=True)
    kept = FOLDER / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-simulation.json"
    kept.write_text(json.dumps(results, indent=1))
    print(f"kept in {kept}")
    sys.exit(any(result["wrong"] for result in results.values()))


async def _told(
    where: str, run: Run, seeds: range, afterwards: Callable[[], Awaitable[list[str]]] | None = None
) -> dict[str, Any]:
    """Run every seed, and print what is wrong at once; `afterwards` is what to look at in the end."""
    began, wrong = time.monotonic(), []
    for seed in seeds:
        for line in await run(seed):
            print(line, flush=True)
            wrong.append(line)
    if afterwards is not None:
        wrong += await afterwards()
    seconds = round(time.monotonic() - began, 1)
    print(f"{where}: seeds {seeds.start} to {seeds.stop - 1}, {len(wrong)} wrong, {seconds} s", flush=True)
    return {"first": seeds.start, "seeds": len(seeds), "seconds": seconds, "wrong": wrong}


async def _on_postgres(url: str, seeds: range) -> dict[str, Any]:
    judge_paths.CHANGES_MAX = 1
    pool = await open_pool(url)
    desk = await Desk(pool).set_up()
    result = await _told("on PostgreSQL", lambda seed: on_postgres(desk, seed), seeds, desk.violations)
    await pool.close()
    return result


if __name__ == "__main__":
    main()
