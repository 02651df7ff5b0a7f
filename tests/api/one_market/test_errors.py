"""Every refusal is a problem detail with a stable code; nothing hostile gets further than a 4xx."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from services.domain.market import Market
from tests.api.running import order

pytestmark = pytest.mark.asyncio(loop_scope="package")


def is_problem(answer, status, code, field=""):
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"], body["field"]) == (status, status, code, field), body
    assert body["title"]
    assert body["detail"]
    return body


async def price(services):
    return (await services.prices.one(Market.FUTURES, "BTCUSDT")).last


async def test_a_create_is_refused_with_code_field_and_numbers(api, services):
    base = order("FUTURES", "BTCUSDT", await price(services))

    async def create(**changes):
        return await api.http.post("/api/paper-trades/", json=base | changes)

    is_problem(await create(symbol="NOSUCHUSDT"), 422, "unknown_symbol", "symbol")
    is_problem(await create(leverage=151), 422, "leverage_out_of_range", "leverage")
    is_problem(await create(stop_loss=base["take_profit"]), 422, "stop_misplaced", "stop_loss")
    is_problem(await create(entry_type="LIMIT"), 422, "entry_price_mismatch", "entry_price")
    is_problem(await create(position_size="0.01"), 422, "below_minimum", "position_size")
    is_problem(await create(user_id=1), 422, "invalid_request", "user_id")
    is_problem(await create(direction="UP"), 422, "invalid_request", "direction")
    is_problem(await create(leverage="2"), 422, "invalid_request", "leverage")
    is_problem(await create(stop_loss="NaN"), 422, "not_a_positive_number", "stop_loss")
    is_problem(await create(take_profit="Infinity"), 422, "not_a_positive_number", "take_profit")
    is_problem(await create(notes="a\x00b"), 422, "bad_text", "notes")
    is_problem(await create(symbol="BTC\x00USDT"), 422, "bad_text", "symbol")
    is_problem(await create(take_profits=[{"price": "1\x00"}]), 422, "bad_text", "take_profits[0].price")
    is_problem(await create(symbol="BTC\\u0000"), 422, "unknown_symbol", "symbol")
    body = is_problem(await create(position_size="200000"), 409, "insufficient_balance", "position_size")
    assert Decimal(body["numbers"]["free"]) < Decimal(body["numbers"]["needed"])
    del base["symbol"]
    is_problem(await create(), 422, "invalid_request", "symbol")


async def test_an_id_is_spelled_in_one_way(api, services):
    made = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", await price(services)))).json()
    number = str(made["id"])
    assert (await api.http.get(f"/api/paper-trades/{number}/")).status_code == 200
    thai = "".join(chr(0x0E50 + int(digit)) for digit in number)
    for other in (f"+{number}", f"0{number}", f"{number}%09", f"%20{number}", f"0_{number}", thai):
        is_problem(await api.http.get(f"/api/paper-trades/{other}/"), 404, "not_found")


async def test_a_parameter_that_is_misspelt_repeated_or_null_filters_nothing_in_silence(api):
    async def asked(query):
        return await api.http.get(f"/api/paper-trades/?{query}")

    fine = await asked("limit=5&status=OPEN&status=CLOSED_TP,PENDING&source=null")
    assert fine.status_code == 200, fine.text
    is_problem(await asked("stauts=OPEN"), 422, "invalid_request", "stauts")
    is_problem(await asked("limit=5&limit=6"), 422, "invalid_request", "limit")
    is_problem(await asked("account_id=null"), 422, "invalid_request", "account_id")
    is_problem(await asked("market_type=NULL"), 422, "invalid_request", "market_type")
    assert "market_type" in (await asked("market=SPOT")).json()["detail"]
    assert (await api.http.get("/health/live?from=a-balancer")).status_code == 200


async def test_without_a_fresh_price_nothing_opens(api, services):
    wish = order("FUTURES", "BTCUSDT", await price(services))
    await services.redis.rename("prices:FUTURES", "away")
    is_problem(await api.http.post("/api/paper-trades/", json=wish), 409, "no_fresh_price", "symbol")
    await services.redis.rename("away", "prices:FUTURES")


async def test_commands_in_the_wrong_state(api, services):
    trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", await price(services)))).json()
    url = f"/api/paper-trades/{trade['id']}"
    body = is_problem(await api.http.post(f"{url}/cancel_trade/"), 409, "trade_state", "status")
    assert body["numbers"] == {"status": "OPEN", "version": "1"}
    guard = {"current_price": str(await price(services) * 2)}
    is_problem(await api.http.post(f"{url}/close_trade/", json=guard), 422, "price_differs", "current_price")
    is_problem(await api.http.patch(url, json={}), 422, "nothing_to_change")
    is_problem(await api.http.patch(url, json={"stop_loss": "-1"}), 422, "not_a_positive_number", "stop_loss")
    is_problem(await api.http.patch(url, json={"status": "CLOSED_TP"}), 422, "invalid_request", "status")
    stale = await api.http.patch(url, json={"stop_loss": "1"}, headers={"If-Match": '"7"'})
    is_problem(stale, 409, "trade_state", "status")
    is_problem(
        await api.http.patch(url, json={"stop_loss": "1"}, headers={"If-Match": "x"}), 422, "bad_version", "If-Match"
    )
    assert (await api.http.get(url)).json()["status"] == "OPEN"


@pytest.mark.parametrize("id_", ["0", "-1", "999999", "99999999999999999999999999"])
async def test_an_unknown_trade_is_not_found(api, id_):
    for method, tail in (("GET", ""), ("PATCH", ""), ("POST", "/close_trade"), ("POST", "/cancel_trade")):
        answer = await api.http.request(
            method, f"/api/paper-trades/{id_}{tail}/", json={"stop_loss": "1"} if method == "PATCH" else {}
        )
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await api.http.get(f"/api/accounts/{id_}/ledger/")).status_code == 404


async def test_what_the_framework_refuses_has_the_same_shape(api):
    body = is_problem(await api.http.get("/api/nothing/"), 404, "not_found")
    assert "Traceback" not in body["detail"]
    for method in ("PUT", "DELETE"):
        answer = await api.http.request(method, "/api/paper-trades/1/")
        is_problem(answer, 405, "method_not_allowed")
        assert "GET" in answer.headers["allow"]
    is_problem(await api.http.get("/api/paper-trades/?limit=201"), 422, "invalid_request", "limit")
    is_problem(await api.http.get("/api/paper-trades/?limit=0"), 422, "invalid_request", "limit")
    is_problem(await api.http.get("/api/paper-trades/?status=GONE"), 422, "unknown_choice", "status")
    is_problem(await api.http.get("/api/paper-trades/?cursor=%25%25"), 422, "bad_cursor", "cursor")
    is_problem(await api.http.get("/api/paper-trades/?from=2026-07-01T12:00:00"), 422, "no_time_zone", "from")
    is_problem(await api.http.get("/api/paper-trades/?from=0001-01-01T00:00:00%2B14:00"), 422, "bad_time", "from")
    is_problem(await api.http.get("/api/paper-trades/?symbol=%00"), 422, "bad_text", "symbol")
    is_problem(await api.http.get("/api/instruments/?search=%00"), 422, "bad_text", "search")
    is_problem(await api.http.get("/api/prices/?symbols=%00"), 422, "bad_text", "symbols")


async def test_bodies_that_are_no_json_or_too_big(api):
    url = "/api/paper-trades/"
    is_problem(await api.http.post(url, content=b"{"), 400, "malformed_json")
    is_problem(await api.http.post(url, content=b'{"leverage": NaN}'), 400, "malformed_json")
    is_problem(await api.http.post(url, content=b"\xff\xfe"), 400, "malformed_json")
    is_problem(await api.http.post(url, content=b'{"symbol": "\\ud800"}'), 400, "malformed_json")
    is_problem(await api.http.post(url, content=b"[" * 60_000), 422, "invalid_request")
    is_problem(await api.http.post(url, content=b" " * 65_537), 413, "request_entity_too_large")


async def test_who_is_turned_away_at_the_door(api):
    url = "/api/paper-trades/"
    is_problem(await api.http.get(url, headers={"Host": "rebound.example"}), 403, "forbidden")
    is_problem(await api.http.post(url, headers={"Origin": "https://elsewhere.example"}, json={}), 403, "forbidden")
    is_problem(await api.http.post(url, headers={"Origin": "null"}, json={}), 403, "forbidden")
    is_problem(await api.http.get(url, headers={"X-Forwarded-For": "203.0.113.9"}), 403, "forbidden")
    assert (await api.http.post(url, headers={"Origin": api.url}, json={})).status_code == 422


async def test_a_bug_is_told_to_nobody(api, services):
    async with services.pool.connection() as connection:
        await connection.execute("ALTER TABLE trades RENAME TO gone")
    body = is_problem(await api.http.get("/api/paper-trades/"), 500, "internal_error")
    assert "trades" not in body["detail"]
    async with services.pool.connection() as connection:
        await connection.execute("ALTER TABLE gone RENAME TO trades")


_numbers = st.one_of(
    st.sampled_from(["NaN", "sNaN", "Infinity", "-Infinity", "1e400", "-0", "1e-400", "0", "", "١٢", "1_0", "9" * 400]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(),
    st.decimals(allow_nan=True).map(str),
)
_any = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, st.text(), st.text(min_size=5000, max_size=5001)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = (
    "market_type", "symbol", "direction", "entry_type", "entry_price", "stop_loss", "take_profit",
    "position_size", "leverage", "fill_model", "source", "notes", "account_id", "status", "take_profits", "trailing",
    "entry_zone", "break_even_after", "follow_targets", "time_stop", "entry_expires_at", "cancel_on_target",
)  # fmt: skip


@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(changes=st.dictionaries(st.sampled_from(_FIELDS), st.one_of(_numbers, _any), min_size=1, max_size=3))
async def test_hostile_creates_never_break_anything(api, services, changes):
    body = order("FUTURES", "BTCUSDT", Decimal(60_000)) | changes
    answer = await api.http.post("/api/paper-trades/", content=json.dumps(body))
    assert answer.status_code < 500, (body, answer.text)
    assert answer.status_code == 201 or answer.headers["content-type"] == "application/problem+json"


@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    path=st.sampled_from(
        [
            "paper-trades",
            "paper-trades/open_positions",
            "paper-trades/performance",
            "instruments",
            "prices",
            "accounts/1/ledger",
        ]
    ),
    query=st.dictionaries(
        st.sampled_from(
            [
                "status",
                "market_type",
                "symbol",
                "direction",
                "source",
                "from",
                "to",
                "limit",
                "cursor",
                "days",
                "search",
                "symbols",
            ]
        ),
        st.one_of(st.text(max_size=50), _numbers.map(str), st.datetimes().map(str), st.binary(max_size=20)),
        max_size=3,
    ),
)
async def test_hostile_queries_never_break_anything(api, path, query):
    answer = await api.http.get(f"/api/{path}/", params=query)
    assert answer.status_code < 500, (path, query, answer.text)
