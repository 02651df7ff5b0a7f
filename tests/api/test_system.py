"""What the process says of itself: system, health, metrics, the document, the page."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import psutil
import pytest
from msgspec.structs import replace

from services.bootstrap import SYSTEM_CONNECTIONS
from services.domain.market import Market
from services.settings import Login
from tests.api.running import order, serving
from tests.servers import wait_until


async def test_the_system_in_numbers(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    limit = order("FUTURES", "BTCUSDT", price, entry_type="LIMIT", entry_price=str(price * Decimal("0.7")))
    await api.http.post("/api/paper-trades/", json=limit)
    await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))
    trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
    closed = (await api.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={})).json()

    async def counted():
        found = (await api.http.get("/api/system/")).json()
        return found if found["trades"].get("CLOSED_MANUAL") else None

    system = await wait_until(counted)
    assert (system["open_trades"], system["pending_trades"], system["held_trades"]) == (1, 1, 0)
    assert (system["closed_tp"], system["closed_sl"]) == (0, 0)
    assert system["pairs"] == 436 + 530
    assert (system["cycle_slot"], system["cycle_seconds"], system["jobs"]) == (None, None, [])
    assert set(system["weight"]) == {"SPOT", "FUTURES"}
    (process,) = system["fleet"]["processes"]
    assert process["connections"] == services.settings.pool_size + SYSTEM_CONNECTIONS
    assert 0 < system["fleet"]["postgres"]["size_bytes"] < system["fleet"]["postgres"]["budget_bytes"] == 80 * 2**30
    assert 0 < system["weight"]["SPOT"]["used"] < system["weight"]["SPOT"]["limit"]
    assert [lag["market_type"] for lag in system["lag"]] == ["FUTURES", "SPOT"]
    assert 0 <= system["lag_seconds"] < 180
    (close,) = system["recent_closes"]
    assert close == {name: closed[name] for name in close if name != "trade_id"} | {"trade_id": trade["id"]}


async def test_without_redis_it_is_ready_says_so_and_trades_can_be_read(settings, services, servers):
    with serving(settings) as api:
        async with api.http:
            price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
            await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))
            servers.processes["valkey"].kill()
            servers.processes["valkey"].wait()
            try:
                ready = await api.http.get("/health/ready")
                parts = {"postgres": True, "redis": False, "hub": True}
                assert (ready.status_code, ready.json()) == (200, parts), "no other process would have it either"
                listed = await api.http.get("/api/paper-trades/")
                assert listed.status_code == 200
                (trade,) = listed.json()["results"]
                assert (trade["status"], trade["unrealized_profit_loss"]) == ("OPEN", None)
                prices = await api.http.get("/api/prices/")
                assert (prices.status_code, prices.json()["code"]) == (503, "unavailable")
                assert int(prices.headers["retry-after"]) > 0
                asked = await api.http.post("/api/system/reconcile/")
                assert (asked.status_code, asked.json()["code"]) == (503, "unavailable"), "no worker would hear of it"
                assert (await api.http.get("/api/system/")).json()["weight"] == {}
            finally:
                await servers.start()


async def test_without_postgres_it_is_not_ready(settings, servers):
    with serving(settings) as api:
        async with api.http:
            servers.processes["postgres"].kill()
            servers.processes["postgres"].wait()
            try:
                ready = await api.http.get("/health/ready")
                assert (ready.status_code, ready.json()["postgres"], ready.json()["redis"]) == (503, False, True)
            finally:
                await servers.start()


@pytest.mark.parametrize("frozen", ["postgres", "valkey"])
async def test_a_server_that_hangs_holds_up_nobody_for_long(settings, services, servers, frozen):
    with serving(settings, request_seconds=1.0) as api:
        async with api.http:
            with hanging(servers.processes[frozen].pid):
                answer = await api.http.get("/api/system/", timeout=8)
            if frozen == "postgres":
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
                assert int(answer.headers["retry-after"]) > 0
            else:
                assert answer.status_code == 503 or answer.json()["weight"] == {}

            async def healed():
                return (await api.http.get("/api/system/")).is_success

            await wait_until(healed, 30)


@pytest.mark.parametrize("frozen", ["postgres", "valkey"])
async def test_a_server_that_hangs_does_not_make_the_process_look_dead(settings, servers, frozen):
    with serving(replace(settings, login=Login.REQUIRED), request_seconds=1.0) as api:
        async with api.http:
            with hanging(servers.processes[frozen].pid):
                answer = await api.http.get("/health/live", timeout=8)
            assert answer.status_code == 200, answer.text


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """The process and its children are there, and do nothing."""
    parent = psutil.Process(pid)
    processes = [parent, *parent.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()
