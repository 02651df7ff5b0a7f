"""Over HTTP: klines, quotes, trades and statistics of a symbol tell one story, at any moment."""

import random
from decimal import Decimal

import pytest

from tests.simulator_process import start_simulator

MINUTE, HOUR = 60_000, 3_600_000
SYMBOLS = ["BTCUSDT", "ETHUSDT", "DOGEUSDT", "币安人生USDT", "XRPUSDT", "SOLUSDT"]


def prices(row) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in row[1:5])


def joined(bars) -> tuple[Decimal, ...]:
    opens, highs, lows, closes = zip(*bars, strict=True)
    return opens[0], max(highs), min(lows), closes[-1]


@pytest.fixture(params=["/api/v3", "/fapi/v1"])
async def paused(request):
    async with start_simulator(seed=11, paused=True) as running:
        running.base = request.param
        running.spot = request.param == "/api/v3"
        yield running


async def test_longer_bars_are_made_of_shorter_ones(paused):
    day = 86_400_000
    await paused.set_clock(time=(await paused.now()) // day * day + 17 * HOUR + 44 * MINUTE + 31_415)
    start = (await paused.now()) // day * day
    for symbol in SYMBOLS[:3]:

        async def bars(interval, symbol=symbol, **more):
            rows = await paused.json(f"{paused.base}/klines", symbol=symbol, interval=interval, limit=1000, **more)
            assert [row[0] for row in rows] == sorted({row[0] for row in rows})
            return {row[0]: prices(row) for row in rows}

        minutes = await bars("1m", startTime=start + 2 * HOUR)
        minutes |= await bars("1m", startTime=start)
        for interval, length in (("3m", 3), ("5m", 5), ("15m", 15), ("30m", 30), ("1h", 60), ("4h", 240), ("1d", 1440)):
            longer = await bars(interval, startTime=start)
            for begin, bar in longer.items():
                parts = [minutes[t] for t in range(begin, begin + length * MINUTE, MINUTE) if t in minutes]
                assert joined(parts) == bar, (symbol, interval, begin)
        days = await bars("1d")
        whole_weeks = [item for item in (await bars("1w")).items() if item[0] >= min(days)]
        assert len(whole_weeks) > 100
        for begin, bar in whole_weeks:
            assert joined([days[t] for t in range(begin, begin + 7 * day, day) if t in days]) == bar


async def test_at_any_moment_all_endpoints_tell_the_same(paused):
    chance = random.Random(5)
    for _ in range(8):
        now = await paused.set_clock(advance_ms=chance.randrange(1, 3 * HOUR))
        await paused.clear_faults()
        minute = now // MINUTE * MINUTE
        for symbol in SYMBOLS:
            await check_moment(paused, symbol, now, minute)


async def check_moment(paused, symbol, now, minute):
    get, base = paused.json, paused.base
    before, bar = await get(f"{base}/klines", symbol=symbol, interval="1m", limit=2)
    assert (before[0], before[6], bar[0]) == (minute - MINUTE, minute - 1, minute)
    last = Decimal((await get(f"{base}/ticker/price", symbol=symbol))["price"])
    assert last == Decimal(bar[4])
    book = await get(f"{base}/ticker/bookTicker", symbol=symbol)
    assert Decimal(book["bidPrice"]) <= last <= Decimal(book["askPrice"])
    assert Decimal(book["bidPrice"]) < Decimal(book["askPrice"])
    span = {"startTime": minute - MINUTE, "endTime": minute - 1, "limit": 1000}
    trades = await get(f"{base}/aggTrades", symbol=symbol, **span)
    tape = [Decimal(trade["p"]) for trade in trades]
    assert prices(before) == (tape[0], max(tape), min(tape), tape[-1])
    assert Decimal(before[5]) == sum(Decimal(trade["q"]) for trade in trades)
    assert before[8] == len(trades)
    newest = (await get(f"{base}/aggTrades", symbol=symbol, limit=1))[0]
    assert (Decimal(newest["p"]), newest["T"] <= now) == (last, True)
    again = await get(f"{base}/aggTrades", symbol=symbol, fromId=trades[3]["a"], limit=5)
    assert again == trades[3:8]
    statistics = await get(f"{base}/ticker/24hr", symbol=symbol)
    assert Decimal(statistics["lastPrice"]) == last
    minutes = []
    for begin in (statistics["openTime"], statistics["openTime"] + 1000 * MINUTE):
        minutes += await get(f"{base}/klines", symbol=symbol, interval="1m", startTime=begin, limit=1000)
    bars = [prices(row) for row in minutes]
    told = tuple(Decimal(statistics[f"{name}Price"]) for name in ("open", "high", "low", "last"))
    assert (len(bars), told) == (1440, joined(bars))
    assert statistics["count"] == sum(row[8] for row in minutes)
    assert statistics["count"] == statistics["lastId"] - statistics["firstId"] + 1
    assert statistics["lastId"] == newest["a"]
    if paused.spot:
        seconds = await get(f"{base}/klines", symbol=symbol, interval="1s", startTime=minute, limit=60)
        assert joined([prices(row) for row in seconds]) == prices(bar)
        assert sum(row[8] for row in seconds) == bar[8]
    else:
        mark = await get("/fapi/v1/premiumIndex", symbol=symbol)
        row = (await get("/fapi/v1/markPriceKlines", symbol=symbol, interval="1m", limit=1))[0]
        assert Decimal(mark["markPrice"]) == prices(row)[3]
        assert mark["nextFundingTime"] > now


async def test_whole_market_and_single_rows_are_equal(paused):
    for path in ("ticker/price", "ticker/bookTicker", "ticker/24hr"):
        rows = {row["symbol"]: row for row in await paused.json(f"{paused.base}/{path}")}
        for symbol in SYMBOLS:
            assert rows[symbol] == await paused.json(f"{paused.base}/{path}", symbol=symbol)


async def test_prices_lie_on_the_tick_grid(paused):
    info = await paused.json(f"{paused.base}/exchangeInfo")
    ticks = {
        row["symbol"]: Decimal(item["tickSize"])
        for row in info["symbols"]
        for item in row["filters"]
        if item["filterType"] == "PRICE_FILTER"
    }
    for row in await paused.json(f"{paused.base}/ticker/bookTicker"):
        assert Decimal(row["bidPrice"]) % ticks[row["symbol"]] == 0
        assert Decimal(row["askPrice"]) % ticks[row["symbol"]] == 0


async def test_settled_funding_is_what_was_accrued(simulator):
    await simulator.set_clock(paused=True)
    premium = await simulator.json("/fapi/v1/premiumIndex", symbol="BTCUSDT")
    await simulator.set_clock(time=premium["nextFundingTime"] + 60_000)
    newest = (await simulator.json("/fapi/v1/fundingRate", symbol="BTCUSDT", limit=3))[-1]
    assert newest["fundingRate"] == premium["lastFundingRate"]
    assert 0 <= newest["fundingTime"] - premium["nextFundingTime"] < 8
    info = {row["symbol"]: row for row in await simulator.json("/fapi/v1/fundingInfo")}
    following = await simulator.json("/fapi/v1/premiumIndex", symbol="BTCUSDT")
    hours = info["BTCUSDT"]["fundingIntervalHours"]
    assert following["nextFundingTime"] - premium["nextFundingTime"] == hours * HOUR
