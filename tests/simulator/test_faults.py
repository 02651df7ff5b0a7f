"""Faults on demand, each as a client meets it."""

import json

import httpx
import pytest

from tests.simulator.waiting import eventually

REFUSALS = [
    *(("400", 400, -1121), ("403", 403, None), ("408", 408, -1007)),
    *(("451", 451, 0), ("500", 500, -1000), ("503", 503, -1008)),
]


async def answers(simulator):
    return (await simulator.get("/api/v3/ping")).status_code == 200


async def test_refusals(simulator):
    for kind, status, code in REFUSALS:
        await simulator.add_fault(kind, path_prefix="/fapi", count=1)
        assert await answers(simulator)
        answer = await simulator.get("/fapi/v1/ping")
        assert answer.status_code == status
        assert (None if code is None else answer.json()["code"]) == code
        assert (await simulator.get("/fapi/v1/ping")).status_code == 200, "it was to hit once"
    await simulator.add_fault("400", count=1, code=-1122)
    assert (await simulator.get("/fapi/v1/ping")).json()["code"] == -1122


async def test_429_tells_to_wait_and_early_requests_are_noted(simulator):
    await simulator.add_fault("429", count=1, retry_after=1)
    answer = await simulator.get("/api/v3/ping")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    await simulator.get("/api/v3/time")
    violation = (await simulator.log())["violations"]["SPOT"][0]
    assert (violation["path"], violation["status"]) == ("/api/v3/time", 429)
    assert 0 <= violation["after_ms"] < 1000
    assert 0 < violation["left_ms"] <= 1000


async def test_418_bans_the_market_until_it_ends(simulator):
    await simulator.add_fault("418", count=1, retry_after=1)
    assert [(await simulator.get("/api/v3/ping")).status_code for _ in range(3)] == [418] * 3
    assert (await simulator.get("/fapi/v1/ping")).status_code == 200
    await eventually(lambda: answers(simulator))


async def test_no_answer_and_late_answer(simulator):
    await simulator.add_fault("timeout", path_prefix="/api/v3/time", count=1)
    with pytest.raises(httpx.ReadTimeout):
        await simulator.http.get(f"{simulator.spot_url}/api/v3/time", timeout=0.2)
    await simulator.add_fault("slow", ms=300, count=1)
    with pytest.raises(httpx.ReadTimeout):
        await simulator.http.get(f"{simulator.spot_url}/api/v3/ping", timeout=0.2)
    assert (await simulator.get("/api/v3/ping")).status_code == 200


async def test_broken_connections(simulator):
    await simulator.add_fault("drop", count=1)
    with pytest.raises(httpx.TransportError):
        await simulator.get("/api/v3/ping")
    await simulator.add_fault("truncate", count=1)
    with pytest.raises(httpx.TransportError):
        await simulator.get("/api/v3/ticker/price")
    assert (await simulator.get("/api/v3/ticker/price")).status_code == 200


async def test_bodies_that_are_not_json(simulator):
    await simulator.add_fault("html", count=1)
    answer = await simulator.get("/api/v3/ticker/price")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert answer.text.startswith("<html>")
    await simulator.add_fault("garbage", count=1)
    with pytest.raises(ValueError):  # noqa: PT011 - either undecodable bytes or no JSON
        json.loads((await simulator.get("/api/v3/ticker/price")).content)


async def test_impossible_prices_of_one_symbol(simulator):
    for value in ("NaN", "Infinity", "0.00000000", "-1", "1e308", "junk"):
        await simulator.clear_faults()
        await simulator.add_fault("nan", symbol="ETHUSDT", value=value)
        rows = {row["symbol"]: row for row in await simulator.json("/api/v3/ticker/bookTicker")}
        assert (rows["ETHUSDT"]["bidPrice"], rows["ETHUSDT"]["askPrice"]) == (value, value)
        assert float(rows["BTCUSDT"]["bidPrice"]) > 1000
        bad = await simulator.json("/fapi/v1/klines", symbol="ETHUSDT", interval="1m", limit=2)
        assert [row[1:5] for row in bad] == [[value] * 4] * 2
        good = await simulator.json("/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=1)
        assert float(good[0][4]) > 1000


async def test_rows_that_are_missing_or_there_twice(simulator):
    def symbols(rows):
        return [row["symbol"] for row in rows]

    whole = symbols(await simulator.json("/fapi/v1/ticker/bookTicker"))
    await simulator.add_fault("missing_symbol", symbol="币安人生USDT", path_prefix="/fapi")
    assert set(whole) - set(symbols(await simulator.json("/fapi/v1/ticker/bookTicker"))) == {"币安人生USDT"}
    listed = symbols((await simulator.json("/fapi/v1/exchangeInfo"))["symbols"])
    assert "币安人生USDT" not in listed
    await simulator.clear_faults()
    await simulator.add_fault("duplicate_symbol", symbol="ETHUSDT", path_prefix="/fapi")
    assert symbols(await simulator.json("/fapi/v1/ticker/bookTicker")) == [*whole, "ETHUSDT"]


async def test_stale_answers_stand_still(simulator):
    await simulator.set_clock(paused=True)
    before = await simulator.json("/api/v3/ticker/price")
    await simulator.add_fault("stale", path_prefix="/api/v3/ticker")
    await simulator.set_clock(advance_ms=3_600_000)
    assert await simulator.json("/api/v3/ticker/price") == before
    await simulator.clear_faults()
    assert await simulator.json("/api/v3/ticker/price") != before


async def test_skew_moves_only_the_time(simulator):
    now = await simulator.set_clock(paused=True)
    await simulator.add_fault("skew", ms=-300_000)
    assert (await simulator.json("/api/v3/time"))["serverTime"] == now - 300_000
    row = (await simulator.json("/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=1))[0]
    assert row[0] == now // 60_000 * 60_000


async def test_faults_end_by_time_and_strike_by_chance(simulator):
    await simulator.add_fault("500", seconds=0.2)
    assert (await simulator.get("/api/v3/ping")).status_code == 500
    await eventually(lambda: answers(simulator))
    await simulator.add_fault("503", probability=0.3)
    statuses = [(await simulator.get("/api/v3/ping")).status_code for _ in range(200)]
    assert 30 < statuses.count(503) < 95


async def test_wrong_orders_are_refused(simulator):
    for name, order in (("faults", {"kind": "plague"}), ("faults", {"knd": "429"}), ("clock", {"speed": 0})):
        answer = await simulator.http.post(f"{simulator.control_url}/{name}", json=order)
        assert (answer.status_code, "error" in answer.json()) == (400, True)
    assert (await simulator.http.get(f"{simulator.control_url}/nothing")).status_code == 404
