"""What the API says to people: refusals by the caller's own names, typed figures, methods that exist."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.db import cycles
from services.domain.market import Market
from services.domain.shards import Batch, Shard
from tests.api.running import order


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/api/paper-trades/?from=yesterday", "from"),
        ("/api/paper-trades/?to=2026-02-30", "to"),
        ("/api/paper-trades/?limit=0", "limit"),
        ("/api/events/?from=middle", "from"),
    ],
)
async def test_a_refusal_names_the_parameter_as_it_was_sent(api, url, field):
    answer = await api.http.get(url)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


KINDS = "created, opened, updated, closed, cancelled, voided, signal, account, instrument, system"


@pytest.mark.parametrize(
    ("method", "url", "body", "detail"),
    [
        (
            "GET",
            "paper-trades/?market_type=OPTIONS",
            None,
            "Invalid enum value 'OPTIONS'; it must be one of SPOT, FUTURES",
        ),
        (
            "GET",
            "paper-trades/equity/?span=week",
            None,
            "Invalid enum value 'week'; it must be one of minute, hour, day",
        ),
        (
            "POST",
            "webhooks/",
            {"rules": [{"events": ["shut"]}]},
            f"Invalid enum value 'shut'; it must be one of {KINDS}",
        ),
        ("PATCH", "sources/1/", {"entry_type": "STOP"}, "Invalid enum value 'STOP'; it must be one of MARKET, LIMIT"),
        ("GET", "paper-trades/?limit=much", None, "Expected `int`, got `str`"),
    ],
)
async def test_a_refusal_of_a_word_names_those_that_fit(api, method, url, body, detail):
    answer = await api.http.request(method, f"/api/{url}", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail), answer.text


async def test_a_plain_date_is_its_midnight_in_utc(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE trades SET created_at = '2026-01-02 00:00+00'")

    async def ids(**query):
        found = (await api.http.get("/api/paper-trades/", params=query)).json()["results"]
        return [each["id"] for each in found]

    assert await ids(**{"from": "2026-01-02"}) == await ids(to="2026-01-03") == [trade["id"]]
    assert await ids(**{"from": "2026-01-03"}) == await ids(to="2026-01-02") == []


async def test_a_missing_body_is_called_that(api):
    answer = await api.http.post("/api/paper-trades/")
    assert (answer.status_code, answer.json()["code"]) == (422, "body_missing")
    assert "JSON body" in answer.json()["detail"]


async def test_the_cycle_is_a_time_and_a_number(api, services):
    slot = datetime(2026, 7, 1, 12, tzinfo=UTC)
    async with services.pool.connection() as connection:
        await cycles.begin(connection, slot, [Shard(Market.SPOT, 0, ("BTCUSDT",), 1)])
        assert (await cycles.state(connection, timedelta(0))).slot is None
        await cycles.evaluated(connection, Batch(slot=slot, market=Market.SPOT, shard=0), 1)
        state = await cycles.state(connection, timedelta(0))
    assert (state.slot, state.pairs, type(state.seconds)) == (slot, 1, float)
    system = (await api.http.get("/api/system/")).json()
    assert (system["cycle_slot"], type(system["cycle_seconds"])) == ("2026-07-01T12:00:00Z", float)


async def test_prices_are_of_instruments(api, services):
    listed = (await api.http.get("/api/system/")).json()["pairs"]
    prices = (await api.http.get("/api/prices/")).json()["results"]
    assert len(prices) == listed
    assert all(Decimal(price["bid"]) > 0 for price in prices)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_trade_is_neither_replaced_nor_deleted(api, method):
    answer = await api.http.request(method, "/api/paper-trades/1/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert {"GET", "PATCH"} <= {name.strip() for name in answer.headers["allow"].split(",")}
