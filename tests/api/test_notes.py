"""The note on a trade, and what a reader needs to mark a trade to the market."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import httpx

from services.domain.market import Market
from tests.api.running import order


async def test_a_note_outlives_the_trade_and_changes_nothing_else(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
    closed = (await api.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={})).json()
    noted = await api.http.put(f"/api/paper-trades/{trade['id']}/notes/", json={"notes": "too early"})
    assert noted.status_code == 200
    read = (await api.http.get(f"/api/paper-trades/{trade['id']}/")).json()
    assert {name: read[name] for name in closed if name != "updated_at"} == {
        **{name: closed[name] for name in closed if name != "updated_at"},
        "notes": "too early",
        "version": closed["version"] + 1,
    }
    refused = await api.http.put(f"/api/paper-trades/{trade['id']}/notes/", json={"notes": "x" * 4001})
    assert (refused.status_code, refused.json()["field"]) == (422, "notes")
    assert (await api.http.put("/api/paper-trades/999999/notes/", json={"notes": ""})).status_code == 404


async def test_a_note_goes_with_an_edit_or_alone(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
    url = f"/api/paper-trades/{trade['id']}/"
    both = await api.http.patch(url, json={"stop_loss": str(price / 3), "notes": "wider"})
    assert (both.status_code, both.json()["notes"], both.json()["version"]) == (200, "wider", 3)
    assert (await api.http.get(url)).json()["notes"] == "wider"
    refused = await api.http.patch(url, json={"stop_loss": str(price * 3), "notes": "above"})
    assert (refused.status_code, (await api.http.get(url)).json()["notes"]) == (422, "wider")
    alone = await api.http.patch(url, json={"notes": "mine"}, headers={"If-Match": "3"})
    assert alone.json().keys() == both.json().keys()
    assert (alone.status_code, alone.json()["notes"], alone.json()["version"]) == (200, "mine", 4)
    await api.http.post(f"{url}close_trade/", json={})
    assert (await api.http.patch(url, json={"notes": "too early"})).json()["notes"] == "too early"
    long = await api.http.patch(url, json={"notes": "x" * 4001, "stop_loss": "1"})
    assert (long.status_code, long.json()["field"]) == (422, "notes")


async def test_of_two_edits_with_one_etag_one_is_refused_with_the_state(api, services):
    """Whatever they edit, at once or one after the other, of a trade that lives and of one that is over."""
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
    url = f"/api/paper-trades/{trade['id']}/"

    async def noted(text: str, tag: str) -> httpx.Response:
        return await api.http.patch(url, json={"notes": text}, headers={"If-Match": tag})

    async def kept(text: str, tag: str) -> httpx.Response:
        return await api.http.put(f"{url}notes/", json={"notes": text}, headers={"If-Match": tag})

    async def moved(text: str, tag: str) -> httpx.Response:
        body = {"stop_loss": str(price / 3), "notes": text}
        return await api.http.patch(url, json=body, headers={"If-Match": tag})

    async def raced(*edits: Callable[[str, str], Awaitable[httpx.Response]]) -> None:
        read = await api.http.get(url)
        answers = await asyncio.gather(*(edit(f"by {n}", read.headers["etag"]) for n, edit in enumerate(edits)))
        [won] = [number for number, answer in enumerate(answers) if answer.status_code in (200, 202)]
        now = await api.http.get(url)
        assert now.json()["notes"] == f"by {won}"
        assert now.headers["etag"] == answers[won].headers["etag"] != read.headers["etag"]
        state = {"status": now.json()["status"], "version": str(now.json()["version"])}
        refused = [(answer.status_code, answer.json()) for answer in answers[:won] + answers[won + 1 :]]
        assert all((status, each["numbers"]) == (409, state) for status, each in refused)
        late = await edits[0]("late", read.headers["etag"])
        assert (late.status_code, (await api.http.get(url)).json()["notes"]) == (409, f"by {won}")

    await raced(*[noted] * 5)
    await raced(kept, noted, kept, noted)
    await raced(moved, noted)
    await api.http.post(f"{url}close_trade/", json={})
    await raced(kept, noted)


async def test_a_reader_can_mark_a_trade_to_the_market(api, services):
    quote = await services.prices.one(Market.FUTURES, "BTCUSDT")
    body = order("FUTURES", "BTCUSDT", quote.last, position_size="500")
    made = (await api.http.post("/api/paper-trades/", json=body)).json()
    trade = (await api.http.get(f"/api/paper-trades/{made['id']}/")).json()
    number = {name: Decimal(trade[name]) for name in ("entry_price", "remaining_quantity", "entry_fee", "taker_rate")}
    rest, bid = number["remaining_quantity"], quote.bid
    expected = (bid - number["entry_price"]) * rest - number["entry_fee"] - bid * rest * number["taker_rate"]
    assert abs(expected - Decimal(trade["unrealized_profit_loss"])) < Decimal("1e-7")
    assert Decimal(trade["funding_due"]) == 0
