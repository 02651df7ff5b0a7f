"""Idempotency-Key: one key, one trade, one answer, however often and from wherever it is asked."""

import asyncio
import json
from decimal import Decimal

import httpx
import pytest

from api.contract import document
from services.domain.market import Market
from tests.api.running import order

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def wish(services, **changes):
    return order("FUTURES", "BTCUSDT", (await services.prices.one(Market.FUTURES, "BTCUSDT")).last, **changes)


async def trades(services):
    async with services.pool.connection() as connection:
        return (await (await connection.execute("SELECT count(*) FROM trades")).fetchone())[0]


async def test_fifty_parallel_creates_with_one_key_make_one_trade(api, services):
    body, headers = await wish(services), {"Idempotency-Key": "once"}
    before = await trades(services)
    async with httpx.AsyncClient(base_url=api.url, timeout=30, limits=httpx.Limits(max_connections=50)) as http:
        answers = await asyncio.gather(
            *(http.post("/api/paper-trades/", json=body, headers=headers) for _ in range(50))
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert await trades(services) == before + 1


async def test_a_key_is_bound_to_its_request(api, services):
    headers, before = {"Idempotency-Key": "bound"}, await trades(services)
    first = await api.http.post("/api/paper-trades/", json=await wish(services), headers=headers)
    other = await api.http.post("/api/paper-trades/", json=await wish(services, notes="other"), headers=headers)
    assert (first.status_code, other.status_code, other.json()["code"]) == (201, 409, "idempotency_key_reused")
    assert await trades(services) == before + 1


async def test_a_refused_create_leaves_its_key_free(api, services):
    headers = {"Idempotency-Key": "again"}
    refused = await api.http.post("/api/paper-trades/", json=await wish(services, leverage=0), headers=headers)
    accepted = await api.http.post("/api/paper-trades/", json=await wish(services), headers=headers)
    assert (refused.status_code, accepted.status_code) == (422, 201)


async def test_a_key_must_be_one(api, services):
    before = await trades(services)
    for key in ("", "k" * 256, "kéy"):
        headers = [("Idempotency-Key", key.encode())]
        answer = await api.http.post("/api/paper-trades/", json=await wish(services), headers=headers)
        assert answer.status_code == 422, key
    assert await trades(services) == before


_STATE = "it says how something shall be: so it is, asked once or twice"
_NOTHING = "nothing is stored"
_SENT = "one message more is what asking twice wants"
WITHOUT_KEY = {
    "POST /api/events/tickets": "two tickets open two streams, each once, and end by themselves",
    "POST /api/session": "whoever signs in twice has two sessions, and the answer may not be kept",
    "POST /api/session/invitation": "an invitation admits one, whom it signs in again",
    "POST /api/session/password": "a second time the old password does not hold",
    "POST /api/accounts/{account_id}/mode/token": "a question: its answer changes something, once",
    "POST /api/accounts/{account_id}/mode/live": "its word is good once",
    "POST /api/accounts/{account_id}/mode/paper": _STATE,
    "POST /api/paper-trades/preview": _NOTHING,
    "POST /api/paper-trades/{trade_id}/void": "a trade is voided once: a second time is refused",
    "PUT /api/paper-trades/{trade_id}/notes": _STATE,
    "POST /api/signals/{signal_id}/cancel": _STATE,
    "POST /api/sources/{source_id}/follow": _STATE,
    "POST /api/sources/{source_id}/unfollow": _STATE,
    "POST /api/sources/{source_id}/validate_alert": _NOTHING,
    "POST /api/webhooks/in/{secret}": "who calls it can send no header: an alert repeated is known by its content",
    "POST /api/webhooks/{webhook_id}/verify": _STATE,
    "POST /api/webhooks/{webhook_id}/test": _SENT,
    "POST /api/webhooks/{webhook_id}/drop": _STATE,
    "POST /api/notifications/{target_id}/test": _SENT,
    "POST /api/notifications/{target_id}/drop": _STATE,
    "POST /api/system/dead-letters/{letter}/retry": "a letter that went is there no more",
    "POST /api/system/quarantined-prices/{key}/believe": "a price that was believed is there no more",
    "PUT /api/system/halts/{what}": _STATE,
    "POST /api/system/kill": "nothing is left to close the second time",
    "POST /api/system/reconcile": "a look: what differs is what is told",
}
"""What takes no key, and why."""


async def test_whatever_creates_takes_a_key():
    creating, keyed, others = set(), set(), set()
    for path, operations in json.loads(document())["paths"].items():
        for method, told in operations.items():
            label = f"{method.upper()} {path}"
            if "201" in told["responses"]:
                creating.add(label)
            if any(each["name"] == "Idempotency-Key" for each in told.get("parameters", ())):
                keyed.add(label)
            elif method in ("post", "put"):
                others.add(label)
    assert others == WITHOUT_KEY.keys()
    assert creating - keyed == {"POST /api/events/tickets"}
    assert len(creating) >= 12


async def test_fifty_parallel_closes_of_a_share_with_one_key_close_one_share(api, services):
    trade = (await api.http.post("/api/paper-trades/", json=await wish(services, position_size="1000"))).json()
    url, headers = f"/api/paper-trades/{trade['id']}/", {"Idempotency-Key": "a fifth"}
    async with httpx.AsyncClient(base_url=api.url, timeout=30, limits=httpx.Limits(max_connections=50)) as http:

        async def close():
            while True:
                answer = await http.post(f"{url}close_trade/", json={"fraction": "0.2"}, headers=headers)
                if answer.status_code != 503:  # all connections are taken: a client asks again
                    return answer

        answers = await asyncio.gather(*(close() for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({(answer.content, answer.headers["etag"]) for answer in answers}) == 1
    left = (await api.http.get(url)).json()
    assert len(left["exits"]) == 1
    off = Decimal(left["remaining_quantity"]) - Decimal("0.8") * Decimal(trade["quantity"])
    assert abs(off) < Decimal("0.001"), "a fifth, to the step of the quantity"
    other = await api.http.post(f"{url}close_trade/", json={"fraction": "0.3"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_close_and_a_cancel_are_known_again_by_their_keys(api, services):
    opened = (await api.http.post("/api/paper-trades/", json=await wish(services))).json()
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    limit = await wish(services, entry_type="LIMIT", entry_price=str(price * 3 / 4))
    resting = (await api.http.post("/api/paper-trades/", json=limit)).json()
    for trade, verb, body in ((opened, "close_trade", {}), (resting, "cancel_trade", None)):
        url, headers = f"/api/paper-trades/{trade['id']}/{verb}/", {"Idempotency-Key": "at last", "If-Match": "1"}
        first, again = [await api.http.post(url, json=body, headers=headers) for _ in range(2)]
        assert (first.status_code, again.status_code, again.content) == (200, 200, first.content), verb
        assert not first.json()["is_open"]
        late = await api.http.post(url, json=body)
        assert (late.status_code, late.json()["code"]) == (409, "trade_state"), verb


async def test_a_close_of_a_trade_that_has_moved_on_is_refused_with_its_state(api, services):
    trade = (await api.http.post("/api/paper-trades/", json=await wish(services, position_size="1000"))).json()
    url = f"/api/paper-trades/{trade['id']}/close_trade/"
    assert (await api.http.post(url, json={"fraction": "0.5"}, headers={"If-Match": "1"})).status_code == 200
    lost = await api.http.post(url, json={"fraction": "0.5"}, headers={"If-Match": "1"})
    assert (lost.status_code, lost.json()["code"]) == (409, "trade_state")
    assert lost.json()["numbers"] == {"status": "OPEN", "version": "2"}


async def test_a_source_and_its_secret_are_made_once(api):
    headers, body = {"Idempotency-Key": "a source"}, {"name": "made once"}
    first, again = [await api.http.post("/api/sources/", json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)
    assert len(first.json()["follows"]) == 1
    url = f"/api/sources/{first.json()['id']}/rotate_secret/"
    made, again = [(await api.http.post(url, headers=headers)).json() for _ in range(2)]
    assert made["path"].endswith(f"{made['secret']}/")
    assert again == {"secret": None, "path": None}
    assert (await api.http.post(made["path"], content="symbol=BTCUSDT side=buy sl=2% tp=4%")).status_code == 202


async def test_a_file_is_imported_once_with_its_key_row_by_row(api):
    rows = ["symbol,side,sl,tp", *(f"BTCUSDT,buy,2%,{number}%" for number in range(4, 8)), "NONESUCH,buy,2%,4%"]
    query = {"source": "imported once"}

    async def send(lines, key):
        answer = await api.http.post(
            "/api/signals/import/", params=query, content="\n".join(lines), headers={"Idempotency-Key": key}
        )
        report = answer.json()
        return report["stored"], report["repeated"], report["rejected"]

    source = (await api.http.post("/api/sources/", json={"name": query["source"], "dedup_seconds": 0})).json()["id"]
    assert await send(rows[:3], "one") == (2, 0, 0), "as far as it came"
    assert await send(rows, "one") == (2, 2, 1)
    assert await send(rows, "one") == (0, 5, 0)
    listed = (await api.http.get("/api/signals/", params={"source_id": source})).json()["results"]
    assert len(listed) == 5
    assert await send(rows[:2], "two") == (1, 0, 0)
