"""Live mode and webhooks where login is required: who may switch whose account, by whose webhook, and what is told."""

import msgspec
import psycopg
import pytest

from services.bootstrap import build
from services.domain.credentials import Role
from services.settings import Login
from tests.access.people import person, with_key
from tests.api.running import serving
from tests.hooks.desk import happens, query, serve
from tests.hooks.receiver import challenge


@pytest.fixture
async def guarded(services):
    """An API with logins and live mode allowed, and the services of its workers."""
    settings = msgspec.structs.replace(services.settings, login=Login.REQUIRED, live_mode=True, rate_per_minute=0)
    async with build(settings, name="test") as built:
        with serving(settings) as running:
            async with running.http:
                yield built, running


async def webhook_of(somebody, url):
    made = await somebody.http.post("/api/webhooks/", json={"url": url})
    assert made.status_code == 201, made.text
    id_ = made.json()["webhook"]["id"]
    assert (await somebody.http.post(f"/api/webhooks/{id_}/verify/")).status_code == 200
    return id_


async def go_live(http, account_id, webhook_id):
    """The answer to going live, or to the question before it where that is refused."""
    mode = f"/api/accounts/{account_id}/mode/"
    asked = await http.post(f"{mode}token/", json={"webhook_id": webhook_id})
    if asked.status_code != 200:
        return asked
    body = {"webhook_id": webhook_id, "token": asked.json()["token"], "phrase": asked.json()["phrase"]}
    return await http.post(f"{mode}live/", json=body)


async def test_nobody_goes_live_by_what_is_anothers(guarded, receiver):
    """Ids in paths are in the matrix of tests/access/test_reach.py; a webhook is named in a body."""
    services, api = guarded
    anna, bert = await person(services, api.url, "anna"), await person(services, api.url, "bert")
    hers = await webhook_of(anna, receiver.url)
    assert (await bert.http.get("/api/webhooks/")).json()["results"] == []
    assert (await go_live(bert.http, anna.account_id, hers)).status_code == 404
    assert (await go_live(bert.http, bert.account_id, hers)).status_code == 404
    assert (await go_live(anna.http, anna.account_id, hers)).json()["mode"] == "live"
    assert (await bert.http.post(f"/api/accounts/{anna.account_id}/mode/paper/")).status_code == 404
    assert (await anna.http.get(f"/api/accounts/{anna.account_id}/mode/")).json()["mode"] == "live"
    for somebody in (anna, bert):
        await somebody.http.aclose()


async def test_only_a_person_goes_live_and_any_trading_key_goes_back(guarded, receiver):
    services, api = guarded
    anna = await person(services, api.url, "anna")
    hers = await webhook_of(anna, receiver.url)
    keys = {scopes: (await anna.key(*scopes))["key"] for scopes in (("read",), ("read", "trade"))}
    for scopes, status in ((("read",), 403), (("read", "trade"), 403)):
        async with with_key(api.url, keys[scopes]) as program:
            assert (await go_live(program, anna.account_id, hers)).status_code == status
    assert (await go_live(anna.http, anna.account_id, hers)).json()["mode"] == "live"
    async with with_key(api.url, keys[("read", "trade")]) as program:
        back = await program.post(f"/api/accounts/{anna.account_id}/mode/paper/")
        assert (back.status_code, back.json()["mode"]) == (200, "paper")
    await anna.http.aclose()


async def test_an_admin_may_switch_anybodys_account_by_its_owners_webhook_only(guarded, receiver):
    services, api = guarded
    anna, chief = await person(services, api.url, "anna"), await person(services, api.url, "chief", Role.ADMIN)
    hers, his = await webhook_of(anna, receiver.url), await webhook_of(chief, receiver.url)
    assert (await go_live(chief.http, anna.account_id, his)).status_code == 404
    assert (await go_live(chief.http, anna.account_id, hers)).json()["mode"] == "live"
    view = (await anna.http.get(f"/api/accounts/{anna.account_id}/mode/")).json()
    ((chief_id,),) = await query(services, "SELECT id FROM users WHERE name = 'chief'")
    assert (view["mode"], view["changes"][0]["user_id"]) == ("live", chief_id)
    back = await chief.http.post(f"/api/accounts/{anna.account_id}/mode/paper/")
    assert back.json()["mode"] == "paper"
    for somebody in (anna, chief):
        await somebody.http.aclose()


async def test_a_disabled_users_webhooks_are_silent_and_their_live_accounts_are_back_to_paper(guarded, receiver):
    services, api = guarded
    anna, chief = await person(services, api.url, "anna"), await person(services, api.url, "chief", Role.ADMIN)
    hers = await webhook_of(anna, receiver.url)
    assert (await go_live(anna.http, anna.account_id, hers)).json()["mode"] == "live"
    user, types = f"/api/users/{anna.session['user_id']}/", lambda: [body["type"] for body in receiver.bodies[1:]]
    assert (await chief.http.patch(user, json={"disabled": True})).status_code == 200
    mode = (await chief.http.get(f"/api/accounts/{anna.account_id}/mode/")).json()
    last = mode["changes"][0]
    assert (mode["mode"], last["mode"], last["reason"], last["user_id"]) == (
        "paper",
        "paper",
        "its user was disabled",
        chief.session["user_id"],
    )
    refused = await go_live(chief.http, anna.account_id, hers)
    assert (refused.status_code, refused.json()["code"]) == (409, "user_disabled")
    await happens(services, account=anna.account_id)
    await serve(services)
    assert types() == []
    metrics = (await api.http.get("/metrics")).text
    assert 'paperfleet_outlets{kind="webhook",state="disabled"} 1.0' in metrics
    assert 'paperfleet_outlets{kind="webhook",state="working"} 0.0' in metrics
    assert (await chief.http.patch(user, json={"disabled": False})).status_code == 200
    await serve(services)
    assert types() == ["account.mode_changed", "account.mode_changed", "paper_trade.opened"]
    assert (await chief.http.get(f"/api/accounts/{anna.account_id}/mode/")).json()["mode"] == "paper"
    for somebody in (anna, chief):
        await somebody.http.aclose()


async def test_what_is_due_when_its_user_is_disabled_is_left_for_later(guarded, receiver):
    services, api = guarded
    anna = await person(services, api.url, "anna")
    hers = await webhook_of(anna, receiver.url)
    for _ in range(2):
        await happens(services, account=anna.account_id)

    def disabled_meanwhile(received):
        with psycopg.connect(services.settings.database_url) as connection:
            connection.execute("UPDATE users SET disabled_at = now() WHERE name = 'anna'")
        return challenge(received)

    receiver.reply = disabled_meanwhile
    await serve(services)
    states = "SELECT state FROM deliveries WHERE outlet_id = %s ORDER BY id"
    assert await query(services, states, [hers]) == [("delivered",), ("waiting",)]
    await anna.http.aclose()


async def test_row_level_security_is_the_second_lock_and_the_audit_log_has_no_secret(guarded, receiver):
    services, api = guarded
    anna, bert = await person(services, api.url, "anna"), await person(services, api.url, "bert")
    hers = await webhook_of(anna, receiver.url)
    await anna.http.post("/api/notifications/", json={"url": "discord://hidden_id/hidden_token"})
    await go_live(anna.http, anna.account_id, hers)
    ids = dict(await query(services, "SELECT name, id FROM users"))
    for name, seen in (("anna", True), ("bert", False)):
        async with await psycopg.AsyncConnection.connect(services.settings.database_url) as connection:
            await connection.execute("SET ROLE paperfleet_api")
            await connection.execute("SELECT set_config('paperfleet.user_id', %s, true)", [str(ids[name])])
            for table in ("outlets", "consumers", "account_modes", "mode_changes"):
                cursor = await connection.execute(f"SELECT FROM {table}")
                assert (cursor.rowcount > 0) is seen, (name, table)
    ((log,),) = await query(services, "SELECT string_agg(a::text, ' ') FROM audit_log a")
    assert "outlets" in log
    assert "account_modes" in log
    for secret in ("hidden", "whsec_", receiver.url):
        assert secret not in log
    for somebody in (anna, bert):
        await somebody.http.aclose()
