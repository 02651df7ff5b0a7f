"""`python -m tests.chaos [names...]`: every scenario, one table; seed, raw logs and results stay in a folder."""

import argparse
import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.ground import Scale
from tests.chaos.run import Result, perform
from tests.chaos.scenarios import BY_NAME, SCENARIOS, SOAK, Scenario
from tests.servers import Servers, running_servers, scrub_environment

FOLDER = Path(".chaos")
SOAK_SPEED = 300
FULL = Scale(minutes=475, orders=60, speed=600)


def main() -> None:
    """Exit status 1 when anything was violated."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Break the fleet, and look at the books."
    )
    parser.add_argument("names", nargs="*", help="scenarios (default: all)", metavar="NAME")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed breaks the same things")
    parser.add_argument("--minutes", type=int, default=FULL.minutes, help="length of the market")
    parser.add_argument("--orders", type=int, default=FULL.orders, help="resting orders on each of eight pairs")
    parser.add_argument("--soak", type=int, metavar="SECONDS", help="one long run instead, looked at every second")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - BY_NAME.keys())
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are: {', '.join(BY_NAME)}")
    scrub_environment()
    folder = (FOLDER / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-seed-{options.seed}").absolute()
    scale = FULL._replace(minutes=options.minutes, orders=options.orders)
    chosen = [BY_NAME[name] for name in options.names] or list(SCENARIOS)
    if options.soak:
        chosen, scale = [SOAK], scale._replace(minutes=options.soak * SOAK_SPEED // 60, speed=SOAK_SPEED)
    print(f"seed {options.seed}; logs in {folder}")
    print(HEAD, flush=True)
    with running_servers(Path(tempfile.mkdtemp(prefix="chaos-"))) as servers:
        results = [_perform(servers, scenario, folder, options.seed, scale) for scenario in chosen]
    wrong = [result for result in results if result.violations]
    total, cuts = sum(result.faults for result in results), sum(result.cuts for result in results)
    print(f"{len(results)} scenarios, {total} faults, {cuts} cuts of readers, violations in {len(wrong)} of them")
    sys.exit(bool(wrong))


HEAD = "| test | faults | cuts | trades | closes | events | violations | seconds |\n|---|---|---|---|---|---|---|---|"


def line(result: Result) -> str:
    """A row of the table."""
    return (
        f"| {result.name} | {result.faults} | {result.cuts} | {result.trades} | {result.closes} | {result.events} "
        f"| {len(result.violations)} | {result.seconds:.0f} |"
    )


def _perform(servers: Servers, scenario: Scenario, folder: Path, seed: int, scale: Scale) -> Result:
    result = asyncio.run(
        perform(servers, scenario, folder / scenario.name.replace(" ", "-"), seed, scale, watched=scenario is SOAK)
    )
    print(line(result), flush=True)
    for violation in result.violations[:5]:
        print(f"    {violation[:600]}", flush=True)
    return result


if __name__ == "__main__":
    main()
