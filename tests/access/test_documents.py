"""What is handed out: the documentation in a strict browser, CSV exports, versions as ETags, one trade for one key."""

import asyncio
import csv
import io
import re
from decimal import Decimal

import pytest

from services.domain.market import Market
from tests.api.running import order
from tests.described import described

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_the_documentation_is_not_for_strangers(api, someone):
    anna = await someone()
    for path in ("/api/openapi.json", "/api/docs/", "/api/docs/docs.js", "/api/docs/docs.css"):
        refused = await api.http.get(path)
        assert refused.status_code == 401, path
        assert refused.json()["code"] == "login_required", path
        assert (await anna.http.get(path)).status_code == 200, path
    assert (await anna.http.get("/api/openapi.json")).json() == described()


async def test_the_documentation_comes_from_here_alone(someone):
    anna = await someone()
    page = await anna.http.get("/api/docs/")
    assert "script-src" not in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "/api/docs/docs.js" in sources
    for source in sources:
        answer = await anna.http.get(source)
        assert (answer.status_code, source.startswith("/api/")) == (200, True), source
    assert "<script>" not in page.text
    assert "innerHTML" not in (await anna.http.get("/api/docs/docs.js")).text


async def test_every_operation_has_an_example_and_says_what_opens_it():
    document = described()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            label = f"{method} {path}"
            assert "security" in operation, label
            for body in operation.get("requestBody", {}).get("content", {}).values():
                assert body.get("examples") or body["schema"].get("examples"), f"{label}: give its body an example"
            answers = [answer.get("content", {}) for status, answer in operation["responses"].items() if status < "300"]
            contents = [content["application/json"] for content in answers if "application/json" in content]
            assert all("example" in content or "examples" in content for content in contents), label


async def test_an_export_holds_every_trade_once(services, api, someone, monkeypatch):
    monkeypatch.setattr("api.trade_export.PAGE_ROWS", 3)
    anna, ben = await someone(), await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    notes = [f'=HYPERLINK({number}), "quoted"' for number in range(8)]
    wishes = [order("SPOT", "BTCUSDT", price, notes=each, position_size="20") for each in notes]
    made = [(await anna.http.post("/api/paper-trades/", json=wish)).json() for wish in wishes]
    await ben.http.post("/api/paper-trades/", json=wishes[0])
    answer = await anna.http.get("/api/paper-trades/export.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["id"]) for row in rows] == [trade["id"] for trade in reversed(made)]
    assert rows[-1]["notes"] == '\'=HYPERLINK(0), "quoted"'
    assert Decimal(rows[0]["entry_price"]) == Decimal(made[-1]["entry_price"])
    assert (await api.http.get("/api/paper-trades/export.csv")).text.count("\r\n") == 1


async def test_a_lost_race_is_answered_with_the_state(services, someone):
    anna = await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    while True:
        made = await anna.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price, position_size="20"))
        url = f"/api/paper-trades/{made.json()['id']}/"
        tag = (await anna.http.get(url)).headers["etag"]
        assert tag == made.headers["etag"] == f'"{made.json()["version"]}"'
        first = await anna.http.patch(url, json={"stop_loss": str(price / 3)}, headers={"If-Match": tag})
        if first.status_code != 202:  # which says that the exchange was too slow, and the edit waits for the walk
            break
    assert (first.status_code, first.headers["etag"] != tag) == (200, True)
    lost = await anna.http.patch(url, json={"stop_loss": str(price / 4)}, headers={"If-Match": tag})
    assert (lost.status_code, lost.json()["code"]) == (409, "trade_state")
    assert lost.json()["numbers"] == {"status": "OPEN", "version": first.headers["etag"].strip('"')}


async def test_fifty_at_once_with_one_key_make_one_trade(services, someone):
    anna = await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    wish, headers = order("SPOT", "BTCUSDT", price), {"Idempotency-Key": "the same"}

    async def post():
        while True:
            answer = await anna.http.post("/api/paper-trades/", json=wish, headers=headers)
            if answer.status_code != 503:  # all connections are taken: a client asks again
                return answer

    answers = await asyncio.gather(*(post() for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert len((await anna.http.get("/api/paper-trades/")).json()["results"]) == 1
