"""The exchange's protocol: listings, parameters, errors by their real codes, headers."""

from decimal import Decimal

LONG_AGO = 1_600_000_000_000
ERRORS = [
    ("/api/v3/klines", {"interval": "1m"}, -1102),
    ("/api/v3/klines", {"symbol": "BTCUSDT"}, -1102),
    ("/api/v3/klines", {"symbol": "NOPEUSDT", "interval": "1m"}, -1121),
    ("/api/v3/klines", {"symbol": "btcusdt", "interval": "1m"}, -1100),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "many"}, -1100),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m", "startTime": ""}, -1105),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1d", "timeZone": "+15:00"}, -1130),
    ("/api/v3/exchangeInfo", {"symbol": "XAUUSDT"}, -1121),
    ("/api/v3/exchangeInfo", {"symbol": "BTCUSDT", "symbolStatus": "TRADING"}, -1128),
    ("/api/v3/exchangeInfo", {"symbolStatus": "SLEEPING"}, -1122),
    ("/api/v3/ticker/price", {"symbols": '["BTCUSDT", "ETHUSDT"]'}, -1100),
    ("/api/v3/ticker/price", {"symbols": '["btcusdt"]'}, -1100),
    ("/api/v3/ticker/price", {"symbols": '["BTCUSDT","NOPEUSDT"]'}, -1121),
    ("/api/v3/ticker/price", {"symbols": '["BTCUSDT","BTCUSDT"]'}, -1151),
    ("/api/v3/ticker/price", {"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'}, -1128),
    ("/api/v3/ticker/price", {"symbol": "BTCUSDT", "symbolStatus": "BREAK"}, -1220),
    ("/api/v3/ticker/24hr", {"symbol": "BTCUSDT", "type": "HUGE"}, -1139),
    ("/api/v3/ticker", {}, -1102),
    ("/api/v3/ticker", {"symbol": "BTCUSDT", "windowSize": "8d"}, -1130),
    ("/api/v3/aggTrades", {"symbol": "BTCUSDT", "fromId": "1", "startTime": "1"}, -1128),
    ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1s"}, -1120),
    ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "1501"}, -1130),
    ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "startTime": "2", "endTime": "1"}, -1023),
    ("/fapi/v1/indexPriceKlines", {"symbol": "BTCUSDT", "interval": "1m"}, -1102),
    ("/fapi/v1/aggTrades", {"symbol": "BTCUSDT", "startTime": "0", "endTime": "3600000"}, -1127),
    ("/fapi/v1/ticker/price", {"symbol": "NOPEUSDT"}, -1121),
]


async def test_wrong_requests_get_their_codes(simulator):
    for path, parameters, code in ERRORS:
        answer = await simulator.get(path, **parameters)
        assert (answer.status_code, answer.json()["code"]) == (400, code), (path, parameters, answer.text)
    twice = await simulator.http.get(f"{simulator.spot_url}/api/v3/klines?symbol=BTCUSDT&symbol=ETHUSDT")
    assert twice.json()["code"] == -1101


async def test_error_texts_are_the_real_ones(simulator):
    answer = await simulator.get("/api/v3/ticker/price", symbols="[BTCUSDT]")
    pattern = r"""^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,}){0,1}\]$"""
    text = f"Illegal characters found in parameter 'symbols'; legal range is '{pattern}'."
    assert answer.json() == {"code": -1100, "msg": text}
    answer = await simulator.get("/fapi/v1/ticker/price", symbol="X")
    assert answer.content == b'{"code":-1121,"msg":"Invalid symbol."}'
    answer = await simulator.get("/fapi/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, -5000)


async def test_lists_the_real_pairs(simulator):
    spot = await simulator.json("/api/v3/exchangeInfo", symbolStatus="TRADING", showPermissionSets="false")
    pairs = [row for row in spot["symbols"] if row["quoteAsset"] == "USDT"]
    assert len(pairs) == 436
    assert all(row["isSpotTradingAllowed"] and row["permissionSets"] == [] for row in pairs)
    everything = await simulator.json("/api/v3/exchangeInfo")
    assert {"TRADING", "BREAK"} == {row["status"] for row in everything["symbols"]}
    assert len(everything["symbols"][0]["permissionSets"][0]) > 200
    futures = await simulator.json("/fapi/v1/exchangeInfo")
    live = [
        row
        for row in futures["symbols"]
        if (row["contractType"], row["status"], row["quoteAsset"]) == ("PERPETUAL", "TRADING", "USDT")
    ]
    assert len(live) == 530
    kinds = {(row["contractType"], row["status"]) for row in futures["symbols"]}
    assert kinds > {("TRADIFI_PERPETUAL", "TRADING"), ("NEXT_QUARTER", "TRADING"), ("PERPETUAL", "SETTLING")}
    assert "龙虾USDT" in {row["symbol"] for row in live}
    two = await simulator.json("/api/v3/exchangeInfo", symbols='["BTCUSDT","币安人生USDT"]')
    assert [row["symbol"] for row in two["symbols"]] == ["BTCUSDT", "币安人生USDT"]
    assert (await simulator.json("/api/v3/exchangeInfo", permissions="LEVERAGED"))["symbols"] == []


async def test_pairs_that_do_not_trade(simulator):
    book = {row["symbol"]: row for row in await simulator.json("/api/v3/ticker/bookTicker")}
    trading = await simulator.json("/api/v3/ticker/bookTicker", symbolStatus="TRADING")
    halted = book.keys() - {row["symbol"] for row in trading}
    assert len(halted) == 24
    assert all(Decimal(book[symbol]["bidPrice"]) == 0 for symbol in halted)
    futures = await simulator.json("/fapi/v1/exchangeInfo")
    settling = {row["symbol"] for row in futures["symbols"] if row["status"] == "SETTLING"}
    assert not settling & {row["symbol"] for row in await simulator.json("/fapi/v1/ticker/bookTicker")}
    premiums = {row["symbol"]: row for row in await simulator.json("/fapi/v1/premiumIndex")}
    assert all(premiums[symbol]["nextFundingTime"] == 0 for symbol in settling)
    symbol = next(iter(settling))
    assert await simulator.json("/fapi/v1/klines", symbol=symbol, interval="1m") == []


async def test_futures_ignore_symbols(simulator):
    rows = await simulator.json("/fapi/v1/ticker/bookTicker", symbols='["BTCUSDT"]')
    assert len(rows) > 530


async def test_kline_ranges(simulator):
    await simulator.set_clock(paused=True)
    now = await simulator.now()

    async def opens(path="/api/v3/klines", interval="1m", **more):
        return [row[0] for row in await simulator.json(path, symbol="BTCUSDT", interval=interval, **more)]

    start = now // 60_000 * 60_000 - 600_000
    assert len(await opens()) == len(await opens("/fapi/v1/klines")) == 500
    assert len(await opens(limit=5000)) == 1000
    assert len(await opens("/fapi/v1/klines", limit=1500)) == 1500
    assert await opens(startTime=start, limit=2) == [start, start + 60_000]
    assert await opens(startTime=start - 1, endTime=start) == [start]
    assert await opens(startTime=start + 1, endTime=start + 60_000) == [start + 60_000]
    assert await opens(endTime=start + 59_999, limit=2) == [start - 60_000, start]
    assert await opens(startTime=start * 1000, endTime=start * 1000 + 1) == [start]
    assert await opens(startTime=now + 60_000) == []
    assert await opens(startTime=start, endTime=start - 1) == []
    assert (await opens())[-1] == now // 60_000 * 60_000
    monday, month = (await opens(interval="1w"))[-1], (await opens(interval="1M"))[-1]
    assert (monday // 86_400_000 + 3) % 7 == 0
    assert month <= now < month + 31 * 86_400_000
    shifted = (await opens(interval="1d", timeZone="8"))[-1]
    assert (shifted + 8 * 3_600_000) % 86_400_000 == 0
    assert await opens(startTime=LONG_AGO, limit=1) == [LONG_AGO // 60_000 * 60_000 + 60_000]


async def test_microseconds_on_spot(simulator):
    await simulator.set_clock(paused=True)
    now = await simulator.now()

    async def ask(path, **parameters):
        headers = {"X-MBX-TIME-UNIT": "MICROSECOND"}
        return (await simulator.http.get(simulator.spot_url + path, params=parameters, headers=headers)).json()

    assert (await ask("/api/v3/time"))["serverTime"] == now * 1000
    row = (await ask("/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=1))[0]
    assert (row[0], row[6]) == (now // 60_000 * 60_000_000, (now // 60_000 + 1) * 60_000_000 - 1)
    assert (await ask("/fapi/v1/time"))["serverTime"] == now


async def test_futures_keep_prints_for_a_day_only(simulator):
    now = await simulator.now()
    old = {"symbol": "BTCUSDT", "startTime": now - 90_000_000, "endTime": now - 89_000_000}
    assert await simulator.json("/fapi/v1/aggTrades", **old) == []
    assert len(await simulator.json("/api/v3/aggTrades", **old)) == 500


async def test_headers(simulator):
    spot = await simulator.get("/api/v3/ticker/price")
    assert spot.headers["content-type"] == "application/json;charset=UTF-8"
    assert spot.headers["content-encoding"] == "gzip"
    assert spot.headers["x-mbx-used-weight"] == spot.headers["x-mbx-used-weight-1m"] == "4"
    futures = await simulator.get("/fapi/v1/ping")
    assert futures.headers["content-type"] == "application/json"
    assert futures.headers["x-mbx-used-weight-1m"] == "1"
    assert "x-mbx-used-weight" not in futures.headers
    plain = await simulator.http.get(
        f"{simulator.spot_url}/api/v3/ticker/price", headers={"accept-encoding": "identity"}
    )
    assert "content-encoding" not in plain.headers


async def test_the_rest_answers(simulator):
    depth = await simulator.json("/api/v3/depth", symbol="BTCUSDT")
    assert Decimal(depth["bids"][0][0]) < Decimal(depth["asks"][0][0])
    assert len(depth["bids"]) == len(depth["asks"]) == 100
    trades = await simulator.json("/api/v3/trades", symbol="BTCUSDT")
    assert [row["id"] for row in trades] == list(range(trades[0]["id"], trades[0]["id"] + 500))
    assert Decimal((await simulator.json("/api/v3/avgPrice", symbol="BTCUSDT"))["price"]) > 1000
    posted = await simulator.http.post(f"{simulator.futures_url}/fapi/v1/order")
    assert (posted.status_code, posted.json()["code"]) == (404, -5000), "there is nothing to trade with"
