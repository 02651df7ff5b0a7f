"""What control does to the market: paths laid by hand, listings, the clock, the process itself."""

import asyncio
import json
import signal
import sys
import time
from decimal import Decimal

import pytest

from tests.simulator.waiting import eventually
from tests.simulator_process import ROOT, start_simulator

MINUTE = 60_000
BOTH = pytest.mark.parametrize("market", ["SPOT", "FUTURES"])


def base(market):
    return "/api/v3" if market == "SPOT" else "/fapi/v1"


async def minute_ahead(simulator) -> int:
    """Stops the clock at a whole minute: the beginning of an untouched one."""
    now = await simulator.set_clock(paused=True)
    return await simulator.set_clock(time=(now // MINUTE + 1) * MINUTE)


async def klines(simulator, market, interval="1m", **more):
    return await simulator.json(f"{base(market)}/klines", symbol="ETHUSDT", interval=interval, **more)


@BOTH
async def test_a_wick_of_one_second_is_everywhere(simulator, market):
    start = await minute_ahead(simulator)
    price = Decimal((await klines(simulator, market, limit=1))[0][1])
    low = price - 400
    prints = [(start + 30_200, price), (start + 30_400, low), (start + 30_900, price + 1)]
    await simulator.set_path(market, "ETHUSDT", prints)
    await simulator.set_clock(time=start + 30_500)
    assert Decimal((await simulator.json(f"{base(market)}/ticker/price", symbol="ETHUSDT"))["price"]) == low
    in_progress = (await klines(simulator, market, limit=1))[0]
    assert (Decimal(in_progress[3]), Decimal(in_progress[4])) == (low, low)
    await simulator.set_clock(time=start + MINUTE)
    minute, _ = await klines(simulator, market, startTime=start)
    assert Decimal(minute[3]) == low < Decimal(minute[4])
    hour = (await klines(simulator, market, "1h", limit=1))[0]
    assert Decimal(hour[3]) <= low
    span = {"startTime": start + 30_200, "endTime": start + 30_900}
    trades = await simulator.json(f"{base(market)}/aggTrades", symbol="ETHUSDT", **span)
    assert [(trade["T"], Decimal(trade["p"])) for trade in trades] == prints
    if market == "SPOT":
        seconds = await klines(simulator, market, "1s", startTime=start, limit=60)
        assert [row[0] for row in seconds if Decimal(row[3]) == low] == [start + 30_000]
        ids = await simulator.json("/api/v3/aggTrades", symbol="ETHUSDT", startTime=start, limit=1000)
        assert [row["a"] for row in ids] == list(range(ids[0]["a"], ids[0]["a"] + len(ids)))


@BOTH
async def test_a_gap_at_the_open_and_the_level_stays(simulator, market):
    start = await minute_ahead(simulator)
    price = Decimal((await klines(simulator, market, limit=1))[0][1])
    fallen = price - 300
    await simulator.set_path(market, "ETHUSDT", [(start + 20_000, price), (start + MINUTE, fallen)])
    await simulator.set_clock(time=start + 2 * MINUTE)
    before, after, _ = await klines(simulator, market, startTime=start)
    assert Decimal(before[4]) == price, "the price holds until the next print"
    assert Decimal(after[1]) == fallen
    assert Decimal(after[2]) < price
    await simulator.set_clock(advance_ms=10 * MINUTE)
    last = Decimal((await simulator.json(f"{base(market)}/ticker/price", symbol="ETHUSDT"))["price"])
    assert abs(last / fallen - 1) < Decimal("0.05"), "the level is the new one"


async def test_a_jump_takes_effect_at_once_and_holds(simulator):
    await simulator.jump("FUTURES", "BTCUSDT", "70000.1", hold_ms=120_000)

    async def last():
        return (await simulator.json("/fapi/v2/ticker/price", symbol="BTCUSDT"))["price"]

    assert await last() == "70000.10"
    await simulator.jump("FUTURES", "BTCUSDT", "80000", hold_ms=1_000)
    assert await last() == "80000.00"
    await simulator.set_clock(advance_ms=130_000)
    assert float(await last()) > 75_000, "the later jump took back the hold of the first"
    mark = await simulator.json("/fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert float(mark["markPrice"]) > 75_000


async def test_the_mark_price_can_be_left_alone(simulator):
    before = await simulator.json("/fapi/v1/premiumIndex", symbol="BTCUSDT")
    await simulator.jump("FUTURES", "BTCUSDT", "10000", tape="last")
    after = await simulator.json("/fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert abs(float(after["markPrice"]) / float(before["markPrice"]) - 1) < 0.02
    await simulator.jump("FUTURES", "BTCUSDT", "20000", tape="mark")
    assert float((await simulator.json("/fapi/v1/premiumIndex", symbol="BTCUSDT"))["markPrice"]) == 20000
    assert (await simulator.json("/fapi/v2/ticker/price", symbol="BTCUSDT"))["price"] == "10000.00"


async def test_minutes_without_prints_are_flat(simulator):
    start = await minute_ahead(simulator)
    await simulator.set_path("SPOT", "ETHUSDT", [(start, "2000"), (start + 4 * MINUTE, "2000")])
    await simulator.set_clock(time=start + 3 * MINUTE + 1)
    rows = await klines(simulator, "SPOT", startTime=start)
    assert [row[1:5] for row in rows] == [["2000.00000000"] * 4] * 4
    assert [row[8] for row in rows] == [1, 0, 0, 0]


async def test_halts_and_delistings(simulator):
    start = await minute_ahead(simulator)
    await simulator.set_listing("SPOT", "ETHUSDT", status="BREAK")
    await simulator.set_clock(advance_ms=5 * MINUTE)
    (last,) = await klines(simulator, "SPOT", startTime=start)
    assert (last[0], last[8]) == (start, 1), "the minute of the last print is the last bar"
    assert (await simulator.json("/api/v3/ticker/bookTicker", symbol="ETHUSDT"))["bidPrice"] == "0.00000000"
    info = await simulator.json("/api/v3/exchangeInfo", symbol="ETHUSDT")
    assert info["symbols"][0]["status"] == "BREAK"
    price = (await simulator.json("/api/v3/ticker/price", symbol="ETHUSDT"))["price"]
    await simulator.set_listing("SPOT", "ETHUSDT", status="TRADING")
    assert (await simulator.json("/api/v3/ticker/price", symbol="ETHUSDT"))["price"] == price
    await simulator.set_clock(advance_ms=2 * MINUTE)
    opens = [row[0] for row in await klines(simulator, "SPOT", startTime=start)]
    assert opens == [start + n * MINUTE for n in (0, 5, 6, 7)], "the halt has no bars"
    await simulator.set_listing("FUTURES", "ETHUSDT", status="SETTLING", delivery_ms=start)
    rows = {row["symbol"]: row for row in (await simulator.json("/fapi/v1/exchangeInfo"))["symbols"]}
    assert (rows["ETHUSDT"]["status"], rows["ETHUSDT"]["deliveryDate"]) == ("SETTLING", start)
    await simulator.set_listing("FUTURES", "ETHUSDT", listed=False)
    assert (await simulator.get("/fapi/v1/klines", symbol="ETHUSDT", interval="1m")).json()["code"] == -1121


async def test_the_clock_runs_pauses_and_jumps():
    async with start_simulator(speed=1000, start="2026-07-15T06:51:00") as simulator:
        first, wall = await simulator.now(), time.monotonic()
        assert first - 1_784_098_260_000 < 10_000_000

        async def has_run():
            return await simulator.now() >= first + 200_000

        await eventually(has_run)
        assert 0.15 < time.monotonic() - wall < 3
        stopped = await simulator.set_clock(paused=True)
        assert (await simulator.json("/api/v3/time"))["serverTime"] == stopped
        assert await simulator.set_clock(advance_ms=5) == stopped + 5


async def test_latency_and_log(simulator):
    await simulator.clear_log()
    await simulator.set_latency(120)
    begun = time.monotonic()
    await simulator.get("/api/v3/ping")
    assert time.monotonic() - begun >= 0.12
    await simulator.get("/api/v3/klines", symbol="NOPE", interval="1m")
    log = await simulator.log()
    assert log["requests"] == [
        {"path": "/api/v3/klines", "status": 400, "count": 1},
        {"path": "/api/v3/ping", "status": 200, "count": 1},
    ]
    assert sum(log["weight_by_minute"]["SPOT"].values()) == 3


async def run(*arguments, **streams):
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.simulator", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, **streams
    )


async def test_ends_on_a_signal_and_when_its_parent_dies():
    process = await run()
    line = json.loads(await process.stdout.readline())
    assert line.keys() == {"spot_url", "futures_url", "control_url", "port"}
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 5) == 0
    orphan = await run("--parent-dies", stdin=asyncio.subprocess.PIPE)
    await orphan.stdout.readline()
    orphan.stdin.close()
    assert await asyncio.wait_for(orphan.wait(), 5) == 0


async def test_a_folder_without_recordings_is_told_in_one_line(tmp_path):
    process = await run("--recorded", str(tmp_path), stderr=asyncio.subprocess.PIPE)
    output, errors = await process.communicate()
    assert process.returncode == 1
    assert output == b""
    assert errors.decode().count("\n") == 1
    assert "no recorded data" in errors.decode()
