"""Where the CPU time of the whole fleet goes in a busy minute, by a sampling profiler.

Scheduler, two workers, API; 966 pairs at the market's own speed, the exchange answers after 40 ms. In that minute there
is one cycle over all pairs and a sweep of all quotes every two seconds; a hundred trades are made to cross a barrier;
200 streams hear of it; ten lists of a hundred trades, twenty trades and one performance are read a second.

The kernel tells how much CPU each process took, the samples what for. A cost is what one use case takes with all that
it calls; of the rest, what the part of the code does that it stands in. To a function of ours belongs what libraries do
for it.
"""

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import NamedTuple

import httpx

from bench import servers
from bench.api import Http
from bench.book import PAIRS
from bench.crossings import Desk, quoted
from bench.fleet import Fleet, cpu, fleet, trading
from bench.ground import ground
from bench.running import spawned
from bench.samples import OURS, Frame, Stacks, sampled
from bench.table import Row
from services.domain.market import Market

SECONDS = 60
LATENCY_MS = 40
CROSSINGS, STREAMS = 100, 200
LISTS, SINGLES, PERFORMANCES = 10, 20, 1
"""Reads a second."""
TOP = 3
KINDS = {"scheduler": ("scheduler",), "workers": ("worker-1", "worker-2"), "API": ("api",)}
USE_CASES = "services/usecases/"
ROOTS = {"api/server.py": "serve", "workers/processes.py": "run_scheduler", "workers/scheduler.py": "run"}
"""Beneath these all stands: a sample that has no other frame of ours is the event loop's own."""
LOOP = "event loop and sockets"
STREAM_FILES = frozenset({"api/hub.py", "api/stream_client.py"})


class Spent(NamedTuple):
    """Seconds of CPU in the minute, and what for; of a server, which is not ours, only the seconds."""

    seconds: float
    stacks: Stacks

    def by(self, label: Callable[[tuple[Frame, ...]], str]) -> Counter[str]:
        """The shares of what `label` makes of the stacks, of 1."""
        found: Counter[str] = Counter()
        for stack, count in self.stacks.items():
            found[label(stack)] += count
        return Counter({name: count / found.total() for name, count in found.items()})


def run(_options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return "where a busy minute's CPU time goes", rows(asyncio.run(_run()))


async def _run() -> dict[str, Spent]:
    names = [name for some in KINDS.values() for name in some]
    chance = random.Random(5)
    async with (
        ground(quote_max_age_seconds=Decimal(3600)) as (settings, urls),
        fleet(settings, *names) as running,
        httpx.AsyncClient(base_url=running.url, timeout=60) as http,
        httpx.AsyncClient(base_url=urls["control_url"]) as control,
    ):
        await control.post("/latency", json={"ms": LATENCY_MS})
        await trading(http, PAIRS)
        async with (
            Desk(http, control, chance, await quoted(http, chance)) as desk,
            spawned("bench.sse_reader", "127.0.0.1", str(settings.api_port)) as readers,
        ):
            await readers.ask(open=STREAMS)
            opened = await desk.open_all(list(Market) * (CROSSINGS // 2))
            begin = await desk.next_minute(0)
            moments = [begin + SECONDS * (number + chance.random()) / CROSSINGS for number in range(CROSSINGS)]
            async with asyncio.TaskGroup() as tasks, _reads(settings.api_port, opened[0].id):
                for trade, moment in zip(opened, moments, strict=True):
                    tasks.create_task(desk.cross_at(trade, moment))
                return await _spent(running)


async def _spent(running: Fleet) -> dict[str, Spent]:
    pids = {name: member.process.pid for name, member in running.members.items()}
    before = {name: cpu(pid) for name, pid in pids.items()}
    servers_before = await asyncio.to_thread(servers.cpu, running.settings)
    stacks = await sampled(pids.values(), SECONDS)
    took = {name: cpu(pid) - before[name] for name, pid in pids.items()}
    servers_after = await asyncio.to_thread(servers.cpu, running.settings)
    return {
        kind: Spent(sum(took[name] for name in some), sum((stacks[pids[name]] for name in some), Stacks()))
        for kind, some in KINDS.items()
    } | {name: Spent(seconds - servers_before[name], Stacks()) for name, seconds in servers_after.items()}


@asynccontextmanager
async def _reads(port: int, trade_id: int) -> AsyncIterator[None]:
    """Readers of lists, of a trade and of the performance at work."""
    paths = {
        "/api/paper-trades/?limit=100": LISTS,
        f"/api/paper-trades/{trade_id}/": SINGLES,
        "/api/paper-trades/performance/": PERFORMANCES,
    }
    reading = asyncio.gather(*(_read(port, path, a_second) for path, a_second in paths.items()))
    try:
        yield
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def _read(port: int, path: str, a_second: int) -> None:
    http = await Http.open(port)
    while True:
        await http.get(path)
        await asyncio.sleep(1 / a_second)


def rows(spent: Mapping[str, Spent]) -> list[Row]:
    """The product's largest costs, what each process took, and its functions."""
    whole = sum(each.seconds for each in spent.values())
    costs = Counter(
        {
            f"{kind}: {name}": share * each.seconds
            for kind, each in spent.items()
            for name, share in each.by(cost).items()
        }
    )
    return [
        *(
            Row(f"{number}. {name}", f"{seconds:.1f} s", f"all: {whole:.1f} s", seconds / whole)
            for number, (name, seconds) in enumerate(costs.most_common(TOP), 1)
        ),
        *(
            Row(kind, f"{each.seconds:.1f} s", f"all: {whole:.1f} s", each.seconds / whole)
            for kind, each in spent.items()
        ),
        *(
            Row(f"{kind}: {name}", f"{share * each.seconds:.2f} s", f"{kind}: {each.seconds:.1f} s", share)
            for kind, each in spent.items()
            for name, share in each.by(function).most_common(TOP)
        ),
    ]


def cost(stack: tuple[Frame, ...]) -> str:
    """The use case that all of it is done for; else the part of the code that does it."""
    files = [frame.file for frame in _own(stack)]
    for file in files:
        if file.startswith(USE_CASES):
            return file.removeprefix(USE_CASES).removesuffix(".py")
    if not STREAM_FILES.isdisjoint(files):
        return "event streams"
    return f"{files[-1].rpartition('/')[0]}/" if files else LOOP


def function(stack: tuple[Frame, ...]) -> str:
    """The innermost function of ours."""
    own = _own(stack)
    return str(own[-1]) if own else LOOP


def _own(stack: tuple[Frame, ...]) -> list[Frame]:
    return [frame for frame in stack if frame.file.startswith(OURS) and ROOTS.get(frame.file) != frame.function]
