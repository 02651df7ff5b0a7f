"""The note on a trade, and what a reader needs to mark a trade to the market."""

from decimal import Decimal

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
    }
    refused = await api.http.put(f"/api/paper-trades/{trade['id']}/notes/", json={"notes": "x" * 4001})
    assert (refused.status_code, refused.json()["field"]) == (422, "notes")
    assert (await api.http.put("/api/paper-trades/999999/notes/", json={"notes": ""})).status_code == 404


async def test_a_note_goes_with_an_edit_or_alone(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
    url = f"/api/paper-trades/{trade['id']}/"
    both = await api.http.patch(url, json={"stop_loss": str(price / 3), "notes": "wider"})
    assert (both.status_code, both.json()["notes"], both.json()["version"]) == (200, "wider", 2)
    assert (await api.http.get(url)).json()["notes"] == "wider"
    refused = await api.http.patch(url, json={"stop_loss": str(price * 3), "notes": "above"})
    assert (refused.status_code, (await api.http.get(url)).json()["notes"]) == (422, "wider")
    alone = await api.http.patch(url, json={"notes": "mine"}, headers={"If-Match": "2"})
    assert alone.json().keys() == both.json().keys()
    assert (alone.status_code, alone.json()["notes"], alone.json()["version"]) == (200, "mine", 2)
    lost = await api.http.patch(url, json={"notes": "late"}, headers={"If-Match": "1"})
    assert (lost.status_code, lost.json()["numbers"]) == (409, {"status": "OPEN", "version": "2"})
    await api.http.post(f"{url}close_trade/", json={})
    assert (await api.http.patch(url, json={"notes": "too early"})).json()["notes"] == "too early"
    long = await api.http.patch(url, json={"notes": "x" * 4001, "stop_loss": "1"})
    assert (long.status_code, long.json()["field"]) == (422, "notes")


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
