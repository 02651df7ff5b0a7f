"""API keys: shown once, scopes, rotation with overlap, revocation; and accounts, links, the audit log."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.domain.credentials import Role, digest, parse_key
from services.domain.market import Market
from tests.access.people import with_key
from tests.api.running import order
from tests.described import described
from tests.servers import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_key_is_shown_once_and_stored_as_a_hash(services, someone):
    anna = await someone()
    made = await anna.key("read")
    key = parse_key(made["key"])
    assert key is not None
    assert made["key"].startswith(f"pt_live_{made['key_id']}_")
    assert len(made["key"]) == 8 + 8 + 1 + 43 + 6
    listed = (await anna.http.get("/api/keys/")).json()["results"]
    assert "key" not in listed[0]
    async with services.pool.connection() as connection:
        row = await (
            await connection.execute("SELECT secret_hash FROM api_keys WHERE id = %s", [made["id"]])
        ).fetchone()
        text = await (await connection.execute("SELECT k::text || a::text FROM api_keys k, audit_log a")).fetchall()
    assert row == (digest(key.secret),)
    assert not any(key.secret in line for (line,) in text)


async def test_a_changed_key_is_no_key(api, someone):
    anna = await someone()
    key = (await anna.key("read"))["key"]
    for wrong in (key[:-1] + ("0" if key[-1] != "0" else "1"), key.lower(), key[:20], "pt_live_x"):
        answer = await api.http.get("/api/paper-trades/", headers={"Authorization": f"Bearer {wrong}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_credential")
    basic = await api.http.get("/api/paper-trades/", headers={"Authorization": f"Basic {key}"})
    assert basic.status_code == 401


async def test_a_key_that_does_not_hold_is_refused_even_where_none_is_needed_and_the_document_says_so(api):
    document = described()
    headers = {"Authorization": "Bearer pt_live_x"}
    for path, operations in document["paths"].items():
        for method, told in operations.items():
            answer = await api.http.request(method, f"{re.sub(r'{[a-z_]+}', '1', path)}/", headers=headers)
            if path.startswith("/health/"):
                assert (answer.status_code, "401" in told["responses"]) == (200, False), "probes ask for nothing"
                continue
            assert (answer.status_code, answer.json()["code"]) == (401, "bad_credential"), (method, path)
            assert "401" in told["responses"], (method, path)


async def test_another_sites_page_writes_nowhere_and_the_document_says_so(api):
    document = described()
    headers = {"Origin": "https://elsewhere.example"}
    told = []
    for path, operations in document["paths"].items():
        for method in operations.keys() - {"get"}:
            answer = await api.http.request(method, f"{re.sub(r'{[a-z_]+}', '1', path)}/", headers=headers)
            assert answer.json()["code"] in ("login_required", "foreign_page"), (method, path)
            assert str(answer.status_code) in operations[method]["responses"], (method, path)
            told += [path] * (answer.status_code == 403)
    assert "/api/webhooks/in/{secret}" in told


async def test_scopes_reach_no_further_than_they_say(services, api, someone):
    anna = await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    reading, trading = (await anna.key("read"))["key"], (await anna.key("read", "trade"))["key"]
    async with with_key(api.url, reading) as reader, with_key(api.url, trading) as trader:
        refused = await reader.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        made = await trader.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))
        assert made.status_code == 201, made.text
        assert (await reader.get(f"/api/paper-trades/{made.json()['id']}/")).status_code == 200
        for method, path in (("GET", "/api/keys/"), ("POST", "/api/keys/"), ("DELETE", "/api/session/all/")):
            answer = await trader.request(method, path, json={"name": "more", "scopes": ["trade"]})
            assert (answer.status_code, answer.json()["code"]) == (403, "session_needed"), path
        assert (await trader.get("/api/users/")).status_code == 403
    wide = await anna.http.post("/api/keys/", json={"name": "root", "scopes": ["admin"]})
    assert (wide.status_code, wide.json()["code"]) == (403, "scope_too_wide")


async def test_a_rotated_key_works_on_for_the_overlap(api, someone):
    anna = await someone()
    first, second = await anna.key("read"), await anna.key("read")
    for old, hours, works in ((first, 1, 200), (second, 0, 401)):
        answer = await anna.http.post(f"/api/keys/{old['id']}/rotate/", json={"overlap_hours": hours})
        assert answer.status_code == 201, answer.text
        async with with_key(api.url, answer.json()["key"]) as new, with_key(api.url, old["key"]) as before:
            assert (await new.get("/api/accounts/")).json()["results"][0]["id"] == anna.account_id
            assert (await before.get("/api/paper-trades/")).status_code == works
    assert (await anna.http.delete(f"/api/keys/{first['id']}/")).status_code == 204
    async with with_key(api.url, first["key"]) as before:
        assert (await before.get("/api/paper-trades/")).status_code == 401


async def test_each_key_that_comes_of_a_rotation_holds_as_long_as_the_first_was_to(api, someone):
    anna = await someone()
    for days in (90, None):
        old = await anna.key("read", days=days)
        for hours in (24, 48):
            answer = await anna.http.post(f"/api/keys/{old['id']}/rotate/", json={"overlap_hours": hours})
            assert answer.status_code == 201, answer.text
            ends = answer.json()["expires_at"]
            if days is None:
                assert ends is None
            else:
                left = datetime.fromisoformat(ends) - datetime.now(UTC)
                assert abs(left - timedelta(days=days)) < timedelta(minutes=5), (hours, ends)
        listed = {key["id"]: key for key in (await anna.http.get("/api/keys/")).json()["results"]}
        left = datetime.fromisoformat(listed[old["id"]]["expires_at"]) - datetime.now(UTC)
        assert timedelta(hours=23) < left <= timedelta(hours=24), "no later rotation makes an old key hold longer"


async def test_the_use_of_a_key_is_noted(api, someone):
    anna = await someone()
    made = await anna.key("read")
    async with with_key(api.url, made["key"]) as http:
        await http.get("/api/paper-trades/")
    listed = (await anna.http.get("/api/keys/")).json()["results"]
    assert next(key for key in listed if key["id"] == made["id"])["last_used_at"]


async def test_accounts_are_opened_funded_and_started_over_by_bookings(services, someone):
    anna = await someone()
    wish = {"name": "second", "starting_balance": "500"}
    opened = [await anna.http.post("/api/accounts/", json=wish, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [answer.status_code for answer in opened] == [201, 200]
    assert opened[0].json() == opened[1].json()
    second = opened[0].json()["id"]
    taken = await anna.http.post("/api/accounts/", json=wish)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    await anna.http.post(f"/api/accounts/{second}/deposits/", json={"amount": "250.5"})
    reset = await anna.http.post(f"/api/accounts/{second}/reset/", json={"balance": "1000"})
    assert Decimal(reset.json()["balance"]) == 1000
    renamed = await anna.http.patch(f"/api/accounts/{second}/", json={"name": "third"})
    assert (renamed.json()["name"], Decimal(renamed.json()["balance"])) == ("third", 1000)
    ledger = (await anna.http.get(f"/api/accounts/{second}/ledger/")).json()["results"]
    assert [(row["kind"], Decimal(row["amount"])) for row in ledger] == [
        ("reset", Decimal("249.5")),
        ("deposit", Decimal("250.5")),
        ("deposit", Decimal(500)),
    ]
    async with services.pool.connection() as connection:
        cursor = await connection.execute("SELECT action FROM events WHERE stream = %s ORDER BY seq", [f"a{second}"])
        assert [row[0] for row in await cursor.fetchall()] == ["created", "deposited", "reset"]
        cursor = await connection.execute(
            "SELECT exchange_time FROM ledger WHERE account_id = %s ORDER BY id", [second]
        )
        first, *later = [row[0] for row in await cursor.fetchall()]
    now = await services.clock.now(Market.SPOT)
    assert first is None, "an account begins whenever its first trade does"
    assert all(timedelta(0) <= now - time < timedelta(minutes=5) for time in later), (
        "the exchange's clock tells the day"
    )


async def test_a_trade_goes_to_the_account_that_is_named(services, someone):
    anna = await someone()
    second = (await anna.http.post("/api/accounts/", json={"name": "second"})).json()["id"]
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    made = await anna.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price, account_id=second))
    assert (made.status_code, made.json()["account_id"]) == (201, second), made.text
    for account_id, ids in ((second, [made.json()["id"]]), (anna.account_id, [])):
        listed = (await anna.http.get("/api/paper-trades/", params={"account_id": account_id})).json()["results"]
        assert [trade["id"] for trade in listed] == ids
    live = await anna.http.post(f"/api/accounts/{second}/reset/", json={})
    assert (live.status_code, live.json()["code"]) == (409, "live_trades")


async def test_a_public_link_shows_one_accounts_performance_until_it_is_revoked(api, someone):
    anna = await someone()
    links = f"/api/accounts/{anna.account_id}/links/"
    made = (await anna.http.post(links, json={"name": "newsletter"})).json()
    shown = await api.http.get(f"/api/public/{made['token']}/performance/")
    assert (shown.status_code, shown.json()["account"], shown.json()["performance"]["total_trades"]) == (200, "main", 0)
    assert "token" not in (await anna.http.get(links)).json()["results"][0]
    assert (await anna.http.delete(f"{links}{made['id']}/")).status_code == 204
    assert (await api.http.get(f"/api/public/{made['token']}/performance/")).status_code == 404


async def test_every_change_is_in_the_audit_log_with_who_and_what(services, someone):
    admin, anna = await someone(Role.ADMIN), await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    trade = (await anna.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))).json()
    stop = str(price / 4)
    edited = await anna.http.patch(f"/api/paper-trades/{trade['id']}/", json={"stop_loss": stop})
    assert edited.status_code in (200, 202), edited.text

    async def entries():
        query = {"user_id": anna.session["user_id"]}
        return (await admin.http.get("/api/system/audit/", params=query)).json()["results"]

    found = await wait_until(entries)
    about = [(entry["action"], entry["subject"]) for entry in reversed(found)]
    assert about[:2] == [("insert", "sessions"), ("insert", "trades")]
    change = found[0]
    assert change["via"].startswith("session ")
    assert (change["subject_id"], change["account_id"]) == (str(trade["id"]), anna.account_id)
    if edited.status_code == 200:
        assert Decimal(str(change["after"]["stop_loss"])) < Decimal(str(change["before"]["stop_loss"]))
        assert "symbol" not in change["after"]
    assert found[-1]["after"]["token_hash"] == "***"
    assert (await anna.http.get("/api/system/audit/")).status_code == 403
