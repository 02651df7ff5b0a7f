"""What the process says of itself: system, health, metrics, the document, the page."""

import re
from decimal import Decimal

import httpx
import pytest

from api.app import SECURITY_HEADERS
from services.domain.market import Market
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
    assert 0 < system["weight"]["SPOT"]["used"] < system["weight"]["SPOT"]["limit"]
    assert [lag["market_type"] for lag in system["lag"]] == ["FUTURES", "SPOT"]
    assert 0 <= system["lag_seconds"] < 180
    (close,) = system["recent_closes"]
    assert close == {name: closed[name] for name in close if name != "trade_id"} | {"trade_id": trade["id"]}


async def test_health_and_metrics(api):
    assert (await api.http.get("/health/live")).status_code == 200
    ready = await api.http.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"postgres": True, "redis": True, "hub": True})
    text = (await api.http.get("/metrics")).text
    assert re.search(r'paperfleet_http_requests_total\{method="GET",route="/health/ready",status="200"\} \d', text)
    assert "paperfleet_stream_clients " in text


async def test_without_redis_trades_can_be_read_and_readiness_says_so(settings, services, servers):
    with serving(settings) as api:
        async with api.http:
            price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
            await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))
            servers.processes["valkey"].kill()
            servers.processes["valkey"].wait()
            try:
                ready = await api.http.get("/health/ready")
                assert (ready.status_code, ready.json()["redis"]) == (503, False)
                (trade,) = (await api.http.get("/api/paper-trades/")).json()["results"]
                assert (trade["status"], trade["unrealized_profit_loss"]) == ("OPEN", None)
                prices = await api.http.get("/api/prices/")
                assert (prices.status_code, prices.json()["code"]) == (503, "unavailable")
                assert int(prices.headers["retry-after"]) > 0
                assert (await api.http.get("/api/system/")).json()["weight"] == {}
            finally:
                await servers.start()


async def test_every_answer_carries_the_security_headers(api):
    for path in ("/", "/api/system/", "/nowhere", "/api/paper-trades/1/"):
        headers = (await api.http.get(path)).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "access-control-allow-origin" not in headers
    page = (await api.http.get("/")).text
    for path in re.findall(r'href="([^"]+)"', page):
        assert (await api.http.get(path)).status_code == 200, path


async def test_the_document_describes_what_is_served(api):
    answer = await api.http.get("/api/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    assert "http" not in answer.text.replace("https://json-schema", "")
    create = document["paths"]["/api/paper-trades"]["post"]
    for name in re.findall(r'"#/components/schemas/(\w+)"', answer.text):
        assert name in document["components"]["schemas"]
    for example in create["requestBody"]["content"]["application/json"]["schema"]["examples"]:
        posted = await api.http.post("/api/paper-trades/", json=example)
        assert posted.status_code in (201, 409, 422), posted.text
        assert posted.json().get("code", "").endswith(("misplaced", "balance")) or posted.status_code == 201
    view = document["components"]["schemas"]["TradeView"]["properties"]
    trade = (await api.http.get("/api/paper-trades/")).json()
    assert all(set(view) <= set(each) for each in trade["results"])
    operations = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(operations) == len(set(operations))


@pytest.mark.parametrize(
    "path", ["/api/paper-trades", "/api/system", "/api/accounts", "/api/instruments", "/api/prices"]
)
async def test_both_forms_of_a_path_are_served(api, path):
    for form in (path, f"{path}/"):
        answer = await api.http.get(form, follow_redirects=False)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert isinstance(answer, httpx.Response)
