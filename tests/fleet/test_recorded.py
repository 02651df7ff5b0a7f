"""Recorded candles of the crash of 2025-02-03 through the running fleet: every closing as the raw rows say.

Nothing finer than minutes was recorded, so an order inside a minute that the bar does not tell is the adverse one.
With sweeps a ring in the middle of such a minute knows more than what is kept of it: bars must allow it.
"""

import csv
import io
import random
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.fleet import oracle, orders
from tests.fleet.fleet import violations
from tests.fleet.stage import Place, Stage, stage_on
from tests.simulator_process import Simulator, start_simulator

RECORDED = Path(__file__).parents[2].parent / "shared" / "data" / "recorded"
START = datetime(2025, 2, 3, 1, 30, tzinfo=UTC)
HOURS = 2
"""The crash begins at 02:07."""
SWEPT_SPEED, SWEPT_START, SWEPT = 60, START + timedelta(minutes=25), timedelta(minutes=25)
"""A sweep at every half minute of the exchange, from just before the crash until it is under way."""
FOLDERS = {"SPOT": RECORDED / "spot", "FUTURES": RECORDED / "futures" / "um"}
ORDERS_A_PAIR, SPREAD = 30, 0.06
OTHER_DAYS_PAIR = ("FUTURES", "BTCUSDT")
"""Recorded on later days only: it has no price that day, least of all that of BTCUSDT on the spot market."""

Bars = list[oracle.Bar]
Tapes = dict[tuple[str, str], Bars]

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded candles in {RECORDED}")


def read(path: Path) -> Bars:
    """Open time in ms, open, high, low, close of every row of a zipped candle file."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return [(int(row[0]), *(Decimal(price) for price in row[1:5])) for row in rows]


def candles(start: datetime = START) -> Tapes:
    """That day's candles from `start` on, by market and symbol."""
    begin = start.timestamp() * 1000
    return {
        (market, path.parents[1].name): [bar for bar in read(path) if bar[0] >= begin]
        for market, folder in FOLDERS.items()
        for path in sorted(folder.glob(f"daily/klines/*/1m/*-{START:%Y-%m-%d}.zip"))
    }


async def ticks(simulator: Simulator) -> dict[tuple[str, str], Decimal]:
    """Price grids by market and symbol, as the exchange tells them."""
    return {
        (market, row["symbol"]): Decimal(next(f["tickSize"] for f in row["filters"] if "tickSize" in f)).normalize()
        for market, path in (("SPOT", "/api/v3/exchangeInfo"), ("FUTURES", "/fapi/v1/exchangeInfo"))
        for row in (await simulator.json(path))["symbols"]
    }


@asynccontextmanager
async def crash(
    place: Place, start: datetime = START, **changes: object
) -> AsyncIterator[tuple[Stage, list[oracle.Order]]]:
    """The crash about to begin, with orders around the first price of every pair that was recorded. Settings change."""
    async with start_simulator(recorded=RECORDED, paused=True) as simulator:
        grids = await ticks(simulator)
    chance = random.Random(3)
    placed = []
    for (market, symbol), bars in candles(start).items():
        price, tick = bars[0][1], grids[market, symbol] or Decimal("0.0001")
        placed += orders.around(chance, market, symbol, price, tick, ORDERS_A_PAIR, SPREAD)
    async with stage_on(place, RECORDED, start, placed, **changes) as stage:
        yield stage, placed


def judged_bars(stage: Stage, order: oracle.Order, tapes: Tapes) -> Bars:
    """The candles of the order's pair that the fleet has judged."""
    pair = order.market, order.symbol
    judged = orders.watermarks(stage.settings)[pair]
    return [bar for bar in tapes.get(pair, ()) if bar[0] < judged]


@pytest.mark.slow
async def test_a_crash_closes_every_trade_as_the_raw_candles_say(place: Place):
    tapes = candles()
    assert len(tapes) >= 10
    async with crash(place) as (stage, placed):
        quoted = {row["symbol"] for row in await stage.simulator.json("/fapi/v1/ticker/bookTicker")}
        assert OTHER_DAYS_PAIR not in {("FUTURES", symbol) for symbol in quoted}
        await stage.simulator.set_clock(paused=False)
        stage.fleet.spawn("scheduler", "scheduler")
        for name in ("worker-1", "worker-2"):
            stage.fleet.spawn(name, "worker", "--queues", "fetch,evaluate,maintenance")
        await stage.judged(START + timedelta(hours=HOURS))
        await stage.fleet.stop()
        found = orders.rows(stage.settings)
        expected = [oracle.by_bars(each, judged_bars(stage, each, tapes)) for each in placed]
        assert violations(stage.settings) == []

    assert [row.outcome for row in found] == expected
    assert orders.wrong_profits(placed, found) == []
    statuses = [outcome.status for outcome in expected]
    assert min(statuses.count("CLOSED_SL"), statuses.count("CLOSED_TP")) > 20
    assert sum(outcome.ambiguous for outcome in expected) >= 5


@pytest.mark.slow
async def test_with_sweeps_and_rings_a_crash_closes_every_trade_as_the_raw_candles_allow(place: Place):
    tapes = candles(SWEPT_START)
    async with crash(place, SWEPT_START, speed=SWEPT_SPEED, sweep_seconds=Decimal("0.5")) as (stage, placed):
        await stage.run()
        await stage.judged(SWEPT_START + SWEPT, 120)
        await stage.fleet.stop()
        found = orders.rows(stage.settings)
        seen = orders.exit_bars(stage.settings)
        allowed = [oracle.possible_by_bars(each, judged_bars(stage, each, tapes)) for each in placed]
        assert violations(stage.settings) == []

    assert [row for row in found if row.outcome._replace(ambiguous=False) not in allowed[row.number]] == []
    assert [row for row in found if row.outcome.ambiguous and len(allowed[row.number]) == 1] == []
    assert orders.wrong_profits(placed, found) == []
    assert any(bar not in tapes[pair] for pair, bar in seen), (
        "no trade was closed within its minute, by a part of its bar"
    )
