"""From a price that crosses a stop or a target in the simulated market to the COMMIT of the closing and to a client.

The whole fleet as processes: scheduler, two workers, API; all 966 pairs are followed. Trades are opened over the API
and their pairs made to jump, several a second, at random moments of the minute: trades older than their minute of
entry, and such as are touched within it, which needs data finer than the minute's bar. First with rings (a sweep of all
quotes every two seconds), then by the minute cycle alone, which is the baseline. The clock of a sample starts before
the order to jump is sent; PostgreSQL itself notes the time of each COMMIT; the client reads the API's event stream.
"""

import argparse
import asyncio
import math
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import httpx
import msgspec
import psycopg

from bench.book import PAIRS
from bench.crossings import Crossing, Desk, quoted
from bench.fleet import fleet, trading
from bench.ground import ground
from bench.table import Row
from services.domain.market import Market
from services.settings import Settings

WORKERS = 2
LATENCY_MS = 40
BOUND_SECONDS = 3.0
AHEAD_SECONDS = 6
"""The cycle of a minute is through by then: whatever was opened before is older than its minute of entry."""
LAST_SECONDS = 90.0
"""Crossings that nobody has told of after two cycles are lost."""


class Load(NamedTuple):
    """What a phase does: for how long, and how many crossings a minute of each kind and market."""

    seconds: float
    older: int = 50
    fresh: tuple[int, int] = (50, 10)
    """Spot and futures: a look into a minute of futures costs 20 of its request weight of 1,920."""


RINGS, ALONE = Load(120), Load(40)


def run(_options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return "from a price crossing to the client, 966 pairs followed", asyncio.run(measure(RINGS, ALONE))


async def measure(rings: Load, alone: Load) -> list[Row]:
    """Both phases on one market and one database."""
    async with ground(commit_times=True, quote_max_age_seconds=Decimal(3600)) as (settings, urls):
        async with httpx.AsyncClient(base_url=urls["control_url"]) as control:
            await control.post("/latency", json={"ms": LATENCY_MS})
            market = _Ground(control, random.Random(5))
            with_rings = await _phase(settings, market, rings)
            unswept = msgspec.structs.replace(settings, sweep_seconds=Decimal(3600))
            by_cycle = await _phase(unswept, market, alone)
            log = (await control.get("/log")).json()
        commits = _commits(settings.database_url)
    refused = sum(each["count"] for each in log["requests"] if each["status"] in (418, 429))
    return [*_rows(with_rings, by_cycle, commits), _held(with_rings + by_cycle), _refused(refused, log)]


class _Ground:
    """What both phases share: the market's control endpoint, chance, and the pairs that have not jumped yet."""

    def __init__(self, control: httpx.AsyncClient, chance: random.Random) -> None:
        self.control = control
        self.chance = chance
        self.pairs: dict[Market, list[str]] = {}

    async def know_pairs(self, http: httpx.AsyncClient) -> None:
        """Read the pairs that are quoted, once."""
        self.pairs = self.pairs or await quoted(http, self.chance)


async def _phase(settings: Settings, ground: _Ground, load: Load) -> list[Crossing]:
    """Start the fleet, open what is to be older, then cross at even pace; every crossing, told of or not."""
    names = ["scheduler", *(f"worker-{n + 1}" for n in range(WORKERS)), "api"]
    chance = ground.chance
    async with fleet(settings, *names) as running, httpx.AsyncClient(base_url=running.url, timeout=30) as http:
        await trading(http, PAIRS)
        await ground.know_pairs(http)
        async with Desk(http, ground.control, chance, ground.pairs) as desk:
            opened = await desk.open_all(list(Market) * round(load.older * load.seconds / 60))
            begin = await desk.next_minute(AHEAD_SECONDS)
            moments = _pace(len(opened), load, chance)
            plans = [desk.cross_at(trade, begin + at) for trade, at in zip(opened, moments, strict=True)]
            for market, a_minute in zip((Market.SPOT, Market.FUTURES), load.fresh, strict=True):
                count = round(a_minute * load.seconds / 60)
                plans += [desk.open_and_cross_at(market, begin + at) for at in _pace(count, load, chance)]
            await asyncio.gather(*plans)
            await desk.all_told(LAST_SECONDS)
            return desk.crossings


def _pace(count: int, load: Load, chance: random.Random) -> Iterator[float]:
    """Random moments, one in each of `count` equal parts of the phase, in random order."""
    parts = list(range(count))
    chance.shuffle(parts)
    return ((part + chance.random()) * load.seconds / count for part in parts)


def _commits(url: str) -> dict[int, float]:
    """By trade, when its closing was committed."""
    query = """SELECT (payload #>> '{trade,id}')::bigint, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8
               FROM events WHERE type = 'paper_trade' AND payload ->> 'action' = 'closed'"""
    with psycopg.connect(url) as connection:
        return dict(connection.execute(query).fetchall())


class _Delays(NamedTuple):
    """Seconds after the crossing: to COMMIT, and to the client."""

    commit: list[float]
    client: list[float]

    def __str__(self) -> str:
        commit, client = ([f"{_at(each, percent):.2f}" for percent in (50, 99)] for each in self)
        return (
            f"COMMIT p50 {commit[0]} s, p99 {commit[1]} s; client p50 {client[0]} s, p99 {client[1]} s"
            f" of {len(self.client)}"
        )


def _at(values: Sequence[float], percent: int) -> float:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def _rows(with_rings: list[Crossing], by_cycle: list[Crossing], commits: dict[int, float]) -> list[Row]:
    rows = []
    kinds = [(market, fresh) for fresh in (False, True) for market in Market]
    for market, fresh in kinds:
        rung, alone = (
            _delays([each for each in some if (each.market, each.fresh) == (market, fresh)], commits)
            for some in (with_rings, by_cycle)
        )
        p99 = _at(rung.client, 99)
        rows.append(
            Row(
                f"{market.lower()}, touched in the minute of entry" if fresh else f"{market.lower()}, older",
                str(rung),
                f"minute cycle alone: {alone}",
                _at(rung.client, 50) / _at(alone.client, 50),
                f"p99 to client <= {BOUND_SECONDS:.0f} s",
                p99 <= BOUND_SECONDS,
                {f"{_at(rung.client, percent):.3f}": percent for percent in range(1, 101)},
            )
        )
    return rows


def _delays(crossings: Sequence[Crossing], commits: dict[int, float]) -> _Delays:
    told = [each for each in crossings if each.told_at is not None]
    return _Delays(
        [commits[each.trade_id] - each.at for each in told], [each.told_at - each.at for each in told if each.told_at]
    )


def _held(crossings: Sequence[Crossing]) -> Row:
    """Every crossing must have been told of."""
    lost = sum(each.told_at is None for each in crossings)
    return Row("crossings nobody was told of", str(lost), f"of {len(crossings)}", None, "0", lost == 0)


def _refused(count: int, log: dict[str, dict[str, dict[str, int]]]) -> Row:
    busiest = {market: max(log["weight_by_minute"][market].values()) for market in ("SPOT", "FUTURES")}
    told = ", ".join(f"{market} {weight}" for market, weight in busiest.items())
    return Row(
        "requests refused for weight", str(count), f"busiest minute: {told} of 6000, 2400", None, "0", count == 0
    )
