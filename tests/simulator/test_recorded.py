"""Recorded mode: what the files hold is what is served, and quotes agree with it at any moment."""

import json
import random
from decimal import Decimal

from services.binance.dumps import Kind, read_klines, recordings
from services.domain.market import Market
from tests.simulator.recordings import REAL, needs_recordings, write
from tests.simulator_process import start_simulator

MINUTE, DAY = 60_000, 86_400_000
BEGIN = 1_740_787_200_000  # 2025-03-01
FUTURES = "futures/um/daily"


def prices(row) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in row[1:5])


@needs_recordings
async def test_served_klines_equal_the_files():
    async with start_simulator(recorded=REAL, paused=True, start="2025-05-20") as simulator:
        for symbol, market, base in (("LAYERUSDT", Market.FUTURES, "/fapi/v1"), ("BTCUSDT", Market.SPOT, "/api/v3")):
            recording = next(r for r in recordings(REAL) if (r.symbol, r.market) == (symbol, market))
            held = [kline for file in recording.files for kline in read_klines(file, "1m")]
            served = []
            since = 0
            while rows := await simulator.json(
                f"{base}/klines", symbol=symbol, interval="1m", limit=1000, startTime=since
            ):
                served += rows
                since = rows[-1][0] + 1
            bars = [kline.bar for kline in held]
            assert [prices(row) for row in served] == [(b.open, b.high, b.low, b.close) for b in bars]
            assert [row[0] for row in served] == [int(bar.open_time.timestamp() * 1000) for bar in bars]
            assert [Decimal(row[5]) for row in served] == [kline.volume for kline in held]


async def test_a_pair_has_no_quote_before_its_recording_begins(tmp_path):
    for symbol, day in (("BTCUSDT", "2025-03-01"), ("ETHUSDT", "2025-03-02")):
        begin = BEGIN + (DAY if day.endswith("02") else 0)
        lines = [f"{begin},100,101,99,100,5,{begin + MINUTE - 1},500,3,1,100,0"]
        write(tmp_path, f"{FUTURES}/klines/{symbol}/1m/{symbol}-1m-{day}.csv", lines)
    async with start_simulator(recorded=tmp_path, paused=True) as simulator:
        for advance, quoted in ((0, {"BTCUSDT"}), (DAY, {"BTCUSDT", "ETHUSDT"})):
            await simulator.set_clock(advance_ms=advance)
            for path in ("/fapi/v1/ticker/bookTicker", "/fapi/v2/ticker/price"):
                assert {row["symbol"] for row in await simulator.json(path)} == quoted


@needs_recordings
async def test_quotes_agree_with_the_bar_in_progress():
    async with start_simulator(recorded=REAL, paused=True, start="2025-02-03T02:00:00") as simulator:
        chance = random.Random(3)
        crash = 1_738_548_420_000
        final = (await bars(simulator, crash + MINUTE, crash))[crash]
        whole = set()
        for _ in range(60):
            now = crash + chance.randrange(MINUTE)
            bar = (await bars(simulator, now, crash))[crash]
            book = await simulator.json("/fapi/v1/ticker/bookTicker", symbol="ETHUSDT")
            last = Decimal((await simulator.json("/fapi/v2/ticker/price", symbol="ETHUSDT"))["price"])
            assert bar[0] == final[0]
            assert bar[3] == last
            assert final[2] <= bar[2] <= last <= bar[1] <= final[1]
            assert Decimal(book["bidPrice"]) <= last <= Decimal(book["askPrice"])
            whole.add(last)
        assert len(whole) > 40
        assert (await bars(simulator, crash + MINUTE - 1, crash))[crash] == final


async def bars(simulator, now, start):
    await simulator.set_clock(time=now)
    rows = await simulator.json("/fapi/v1/klines", symbol="ETHUSDT", interval="1m", startTime=start)
    return {row[0]: prices(row) for row in rows}


@needs_recordings
async def test_lists_what_is_recorded_from_its_beginning():
    async with start_simulator(recorded=REAL, paused=True) as simulator:
        assert await simulator.now() == 1_738_454_400_000  # 2025-02-02
        found = {(item.market, item.symbol) for item in recordings(REAL) if item.kind is Kind.KLINES}
        spot = await simulator.json("/api/v3/exchangeInfo")
        assert {row["symbol"] for row in spot["symbols"]} == {s for m, s in found if m is Market.SPOT}
        futures = (await simulator.json("/fapi/v1/exchangeInfo"))["symbols"]
        assert {row["symbol"] for row in futures} == {s for m, s in found if m is Market.FUTURES}
        eth = next(row for row in futures if row["symbol"] == "ETHUSDT")
        ticks = [Decimal(item["tickSize"]) for item in eth["filters"] if item["filterType"] == "PRICE_FILTER"]
        assert ticks == [Decimal("0.01")], "filters of the built-in table"
        assert await simulator.json("/api/v3/aggTrades", symbol="BTCUSDT") == []
        assert await simulator.json("/api/v3/klines", symbol="BTCUSDT", interval="1s") == []


def small_folder(folder):
    """Three recorded minutes with a hole before the last, prints for the second, a mark price of its own."""
    klines = [f"{BEGIN},10,12,9,11,5", f"{BEGIN + MINUTE},11,14,10.5,13,6", f"{BEGIN + 3 * MINUTE},15,15,15,15,0"]
    write(folder, f"{FUTURES}/klines/ZZUSDT/1m/ZZUSDT-1m-2025-03-01.zip", klines)
    second = BEGIN + MINUTE
    trades = [(70, "11", 0), (71, "14", 1500), (72, "10.5", 1700), (73, "13", 59_000)]
    write(
        folder,
        f"{FUTURES}/aggTrades/ZZUSDT/ZZUSDT-aggTrades-2025-03-01.csv",
        [f"{number},{price},1.5,1,1,{second + offset},false" for number, price, offset in trades],
    )
    write(folder, f"{FUTURES}/markPriceKlines/ZZUSDT/1m/ZZUSDT-1m-2025-03-01.csv", [f"{BEGIN},20,21,19,20,0"])
    return folder


async def test_prints_and_holes(tmp_path):
    async with start_simulator(recorded=small_folder(tmp_path), paused=True) as simulator:

        async def last(time):
            await simulator.set_clock(time=time)
            return Decimal((await simulator.json("/fapi/v2/ticker/price", symbol="ZZUSDT"))["price"])

        assert await last(BEGIN - DAY) == 10, "before the recording its first price holds"
        assert [await last(BEGIN + s * 1000) for s in (0, 20, 40, 60)] == [10, 9, 12, 11], "nearer extreme first"
        second = [await last(BEGIN + MINUTE + ms) for ms in (1499, 1500, 1700, 58_999)]
        assert second == [11, 14, Decimal("10.5"), Decimal("10.5")]
        assert await last(BEGIN + 2 * MINUTE + 5) == 13, "in a hole the last price before it holds"
        assert await last(BEGIN + 9 * DAY) == 15, "after its end the market stands still"
        rows = await simulator.json("/fapi/v1/klines", symbol="ZZUSDT", interval="1m", startTime=BEGIN)
        assert [row[0] for row in rows] == [BEGIN, BEGIN + MINUTE, BEGIN + 3 * MINUTE], "holes are not filled"
        await simulator.set_clock(time=BEGIN + 5 * MINUTE)
        trades = await simulator.json("/fapi/v1/aggTrades", symbol="ZZUSDT", fromId=71)
        assert [(row["a"], row["p"]) for row in trades] == [
            (71, "14.00000000"),
            (72, "10.50000000"),
            (73, "13.00000000"),
        ]
        five = await simulator.json("/fapi/v1/klines", symbol="ZZUSDT", interval="5m", startTime=BEGIN)
        assert prices(five[0]) == (10, 15, 9, 15)
        mark = await simulator.json("/fapi/v1/premiumIndex", symbol="ZZUSDT")
        assert Decimal(mark["markPrice"]) == 20


async def test_paths_can_be_laid_over_recordings(tmp_path):
    async with start_simulator(recorded=small_folder(tmp_path), paused=True) as simulator:
        await simulator.set_path("FUTURES", "ZZUSDT", [(BEGIN + 30_000, "11"), (BEGIN + 40_000, "22")])
        await simulator.set_clock(time=BEGIN + MINUTE)
        rows = await simulator.json("/fapi/v1/klines", symbol="ZZUSDT", interval="1m", startTime=BEGIN)
        assert prices(rows[0])[:3] == (10, 22, 9)
        assert prices(rows[0])[3] == Decimal(rows[1][1])


async def test_filters_come_from_the_folder_else_there_are_none(tmp_path):
    folder = small_folder(tmp_path)

    async def tick():
        async with start_simulator(recorded=folder, paused=True) as simulator:
            (row,) = (await simulator.json("/fapi/v1/exchangeInfo"))["symbols"]
            return Decimal(next(f["tickSize"] for f in row["filters"] if f["filterType"] == "PRICE_FILTER"))

    assert await tick() == 0
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.50"},
        {"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1"},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ]
    row = {"symbol": "ZZUSDT", "baseAsset": "ZZ", "quoteAsset": "USDT", "status": "TRADING", "filters": filters}
    row |= {"contractType": "PERPETUAL", "pricePrecision": 2, "quantityPrecision": 0}
    (folder / "exchangeInfo.json").write_text(json.dumps({"symbols": [row]}))
    assert await tick() == Decimal("0.5")
