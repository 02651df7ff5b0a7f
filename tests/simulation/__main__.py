"""`python -m tests.simulation`: 10,000 seeds in memory and 300 on PostgreSQL, or as many as asked."""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

import structlog

from services.usecases import judge_paths
from tests.evaluation.desk import Desk, open_pool
from tests.servers import running_servers, scrub_environment
from tests.simulation.seeds import in_memory, on_postgres


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
    wrong = _memory(range(options.first, options.first + options.memory))
    if options.postgres:
        with running_servers(Path(tempfile.mkdtemp(prefix="simulation-"))) as servers, servers.database() as url:
            wrong += asyncio.run(_postgres(url, range(options.first, options.first + options.postgres)))
    sys.exit(bool(wrong))


def _memory(seeds: range) -> int:
    began, wrong = time.monotonic(), 0
    for seed in seeds:
        for line in asyncio.run(in_memory(seed)):
            print(line, flush=True)
            wrong += 1
    print(f"in memory: {len(seeds)} seeds, {wrong} wrong, {time.monotonic() - began:.0f} s", flush=True)
    return wrong


async def _postgres(url: str, seeds: range) -> int:
    began, wrong = time.monotonic(), 0
    judge_paths.CHANGES_MAX = 1
    pool = await open_pool(url)
    desk = await Desk(pool).set_up()
    for seed in seeds:
        for line in await on_postgres(desk, seed):
            print(line, flush=True)
            wrong += 1
    broken = await desk.violations()
    await pool.close()
    for line in broken:
        print(line)
    print(f"on PostgreSQL: {len(seeds)} seeds, {wrong + len(broken)} wrong, {time.monotonic() - began:.0f} s")
    return wrong + len(broken)


if __name__ == "__main__":
    main()
