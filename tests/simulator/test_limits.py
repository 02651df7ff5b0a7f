"""Request weight: what calls cost, 429 at the limit, 418 for going on."""

import asyncio

import pytest

from tests.simulator_process import start_simulator

WEIGHTS = [
    ("/api/v3/ping", {}, 1),
    ("/api/v3/exchangeInfo", {}, 20),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m"}, 2),
    ("/api/v3/aggTrades", {"symbol": "BTCUSDT"}, 4),
    ("/api/v3/trades", {"symbol": "BTCUSDT"}, 25),
    ("/api/v3/depth", {"symbol": "BTCUSDT", "limit": 501}, 50),
    ("/api/v3/ticker/price", {}, 4),
    ("/api/v3/ticker/price", {"symbols": '["BTCUSDT"]'}, 4),
    ("/api/v3/ticker/bookTicker", {"symbol": "BTCUSDT"}, 2),
    ("/api/v3/ticker/24hr", {}, 80),
    ("/api/v3/ticker/24hr", {"symbol": "BTCUSDT"}, 2),
    ("/api/v3/ticker", {"symbols": '["BTCUSDT","ETHUSDT","BNBUSDT"]'}, 12),
    ("/fapi/v1/exchangeInfo", {}, 1),
    ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 99}, 1),
    ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 499}, 2),
    ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1m"}, 5),
    ("/fapi/v1/markPriceKlines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 1001}, 10),
    ("/fapi/v1/aggTrades", {"symbol": "BTCUSDT"}, 20),
    ("/fapi/v1/ticker/bookTicker", {}, 5),
    ("/fapi/v2/ticker/price", {}, 2),
    ("/fapi/v2/ticker/price", {"symbol": "BTCUSDT"}, 1),
    ("/fapi/v1/ticker/24hr", {}, 40),
    ("/fapi/v1/premiumIndex", {}, 10),
    ("/fapi/v1/fundingInfo", {}, 0),
]


@pytest.fixture
async def simulator():
    """One whose limits have just begun a window: no test meets its end."""
    async with start_simulator(start="2026-07-15T12:00:00") as running:
        yield running


async def used(simulator, market):
    return sum((await simulator.log())["weight_by_minute"][market].values())


async def test_every_call_costs_its_weight(simulator):
    for path, parameters, weight in WEIGHTS:
        market = "SPOT" if path.startswith("/api") else "FUTURES"
        before = await used(simulator, market)
        await simulator.json(path, **parameters)
        assert await used(simulator, market) - before == weight, path


async def test_weight_headers_are_wrong_where_they_are_wrong_at_the_exchange(simulator):
    await simulator.get("/fapi/v1/premiumIndex")
    assert (await simulator.get("/fapi/v1/ticker/bookTicker")).headers["x-mbx-used-weight-1m"] == "5"
    assert (await simulator.get("/fapi/v2/ticker/price")).headers["x-mbx-used-weight-1m"] == "2"
    assert (await simulator.get("/fapi/v1/ping")).headers["x-mbx-used-weight-1m"] == "18"
    assert "x-mbx-used-weight-1m" not in (await simulator.get("/fapi/v1/fundingRate")).headers


async def exhaust(simulator):
    """Futures weight used up: the first refusal."""
    for _ in range(500):
        answer = await simulator.get("/fapi/v1/aggTrades", symbol="BTCUSDT", limit=1)
        if answer.status_code != 200:
            return answer
    raise AssertionError("never refused")


async def test_over_the_limit_is_429_and_the_window_is_an_exchange_minute():
    async with start_simulator(speed=20) as simulator:
        refused = await exhaust(simulator)
        assert (refused.status_code, refused.json()["code"]) == (429, -1003)
        wait = int(refused.headers["retry-after"])
        assert 1 <= wait <= 3, "an exchange minute takes three seconds here"
        assert (await simulator.get("/api/v3/ping")).status_code == 200, "each market has its own limit"
        await asyncio.sleep(wait)
        assert (await simulator.get("/fapi/v1/ping")).status_code == 200
        assert (await simulator.log())["violations"]["FUTURES"] == []


async def test_going_on_is_recorded_and_banned_with_418(simulator):
    await exhaust(simulator)
    answers = [await simulator.get("/fapi/v1/ping") for _ in range(30)]
    assert [answer.status_code for answer in answers] == [429] * 19 + [418] * 11
    banned = answers[-1]
    assert banned.json()["code"] == -1003
    assert "banned until 1" in banned.json()["msg"]
    assert 100 <= int(banned.headers["retry-after"]) <= 120
    violations = (await simulator.log())["violations"]["FUTURES"]
    assert len(violations) == 30
    assert violations[0]["path"] == "/fapi/v1/ping"
    assert {violation["status"] for violation in violations} == {429, 418}
    await simulator.clear_faults()
    assert (await simulator.get("/fapi/v1/ping")).status_code == 200


async def test_funding_has_a_pool_of_its_own(simulator):
    for _ in range(500):
        assert (await simulator.get("/fapi/v1/fundingRate", symbol="BTCUSDT", limit=1)).status_code == 200
    assert (await simulator.get("/fapi/v1/fundingInfo")).status_code == 429
    assert (await simulator.get("/fapi/v1/ping")).status_code == 200
