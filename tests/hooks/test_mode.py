"""Paper and live: each guard holds alone, it ends by itself, and only signed webhooks ever leave."""

import itertools
import sys

import httpx
import msgspec
import pytest

from services.db import sources
from services.usecases.serve_outlets import serve_outlets
from tests.api.running import serving
from tests.hooks.desk import deliveries, happens, later, query, serve
from tests.hooks.receiver import Reply, challenge
from tests.servers import wait_until

MODE = "/api/accounts/1/mode/"


@pytest.fixture
async def live_api(services):
    """An API whose operator allows live mode for twelve hours at most."""
    settings = msgspec.structs.replace(services.settings, live_mode=True, live_hours_max=12)
    with serving(settings) as running:
        async with running.http:
            yield running


async def verified(api, url, **fields):
    """The id and the secret of a verified webhook that wants only what is handed over."""
    answer = await api.http.post("/api/webhooks/", json={"url": url, "rules": [{"events": ["account"]}], **fields})
    id_ = answer.json()["webhook"]["id"]
    assert (await api.http.post(f"/api/webhooks/{id_}/verify/")).status_code == 200
    return id_, answer.json()["secret"]


async def asked(api, webhook_id):
    answer = await api.http.post(f"{MODE}token/", json={"webhook_id": webhook_id})
    assert answer.status_code == 200, answer.text
    question = answer.json()
    return {"webhook_id": webhook_id, "token": question["token"], "phrase": question["phrase"], "hours": 2}


async def gone_live(api, url):
    id_, secret = await verified(api, url)
    answer = await api.http.post(f"{MODE}live/", json=await asked(api, id_))
    assert (answer.status_code, answer.json()["mode"]) == (200, "live"), answer.text
    return id_, secret


async def followed_source(services, name="tv"):
    """A source that account 1 follows."""
    ((id_,),) = await query(services, "INSERT INTO sources (user_id, name) VALUES (1, %s) RETURNING id", [name])
    await query(services, "INSERT INTO follows (source_id, account_id) VALUES (%s, 1)", [id_])
    return id_


async def signalled(services, source_id, action="created", **fields):
    signal = {"id": 5, "source": "tv", "symbol": "BTCUSDT", "market_type": "FUTURES", "direction": "LONG"} | fields
    async with services.pool.connection() as connection:
        await sources.tell(connection, [(source_id, action, signal)])


def handed(receiver):
    return [body for body in receiver.bodies if body["type"] == "signal.live"]


async def refused(api, path, body, status, code):
    answer = await api.http.post(f"{MODE}{path}/", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await api.http.get(MODE)).json()["mode"] == "paper"


async def test_paper_is_where_it_begins_and_live_is_recorded_shown_and_told(live_api, services, receiver):
    view = (await live_api.http.get(MODE)).json()
    assert (view["mode"], view["live_until"], view["live_allowed"], view["hours_max"]) == ("paper", None, True, 12)
    id_, _ = await gone_live(live_api, receiver.url)
    view = (await live_api.http.get(MODE)).json()
    assert (view["mode"], view["webhook_id"], view["changes"][0]["mode"]) == ("live", id_, "live")
    account = (await live_api.http.get("/api/accounts/1/")).json()
    assert (account["mode"], account["live_until"]) == ("live", view["live_until"])
    audited = await query(services, "SELECT action, subject, via FROM audit_log WHERE subject = 'account_modes'")
    assert audited == [("insert", "account_modes", "local")]
    await serve(services)
    assert [body["data"]["mode"] for body in receiver.bodies if body["type"] == "account.mode_changed"] == ["live"]
    for _ in range(2):
        assert (await live_api.http.post(f"{MODE}paper/")).json()["mode"] == "paper"
    account = (await live_api.http.get("/api/accounts/1/")).json()
    assert (account["mode"], account["live_until"]) == ("paper", None)
    changes = (await live_api.http.get(MODE)).json()["changes"]
    assert [(change["mode"], change["reason"]) for change in changes] == [
        ("paper", "by command"),
        ("live", "confirmed"),
    ]


async def test_the_operator_has_to_allow_it(api, services, receiver):
    id_, _ = await verified(api, receiver.url)
    await refused(api, "token", {"webhook_id": id_}, 403, "live_not_allowed")
    body = {"webhook_id": id_, "token": "x", "phrase": "hand over the signals of main"}
    await refused(api, "live", body, 403, "live_not_allowed")
    assert (await api.http.post(f"{MODE}paper/")).status_code == 200


async def test_every_guard_holds_alone(live_api, services, receiver):
    """All is right but one thing, each in turn; and with nothing wrong it goes live."""
    api = live_api
    id_, _ = await verified(api, receiver.url)
    other, _ = await verified(api, receiver.url)
    body = await asked(api, id_)
    wrong = {
        "phrase": ["", "hand over the signals of Main", "hand over the signals of main ", "HAND OVER"],
        "token": ["", "x" * 43, body["token"] + "x", body["token"][:-1], "\ud800"],
        "hours": [0, -1, 13, 10**6],
        "webhook_id": [other, 0, 99, -1, 2**70],
    }
    codes = {"phrase": {422}, "token": {409, 400}, "hours": {422}, "webhook_id": {404, 409, 422}}
    for field, values in wrong.items():
        for value in values:
            content = (
                msgspec.json.encode(body | {field: value})
                if field != "token" or value != "\ud800"
                else (msgspec.json.encode(body | {field: "S"}).replace(b'"S"', b'"\\ud800"'))
            )
            answer = await api.http.post(f"{MODE}live/", content=content)
            assert answer.status_code in codes[field], (field, value, answer.text)
    for missing in ("token", "phrase", "webhook_id"):
        answer = await api.http.post(f"{MODE}live/", json={k: v for k, v in body.items() if k != missing})
        assert answer.status_code == 422
    assert (await api.http.get(MODE)).json()["changes"] == []
    assert (await api.http.post(f"{MODE}live/", json=body)).json()["mode"] == "live"


async def test_any_combination_of_wrongs_stays_on_paper(live_api, services, receiver):
    id_, _ = await verified(live_api, receiver.url)
    for wrongs in itertools.product([False, True], repeat=3):
        if not any(wrongs):
            continue
        body = await asked(live_api, id_)
        changes = {"token": "wrong", "phrase": "wrong", "hours": 99}
        body |= {name: value for (name, value), wrong in zip(changes.items(), wrongs, strict=True) if wrong}
        assert (await live_api.http.post(f"{MODE}live/", json=body)).status_code in (409, 422)
    assert (await live_api.http.get(MODE)).json()["mode"] == "paper"


async def test_a_token_counts_once_for_a_minute_and_the_newest_only(live_api, services, receiver):
    id_, _ = await verified(live_api, receiver.url)
    first, second = await asked(live_api, id_), await asked(live_api, id_)
    await refused(live_api, "live", first, 409, "token_not_valid")
    await query(services, "UPDATE mode_tokens SET expires_at = expires_at - interval '60 s'")
    await refused(live_api, "live", second, 409, "token_not_valid")
    ((life,),) = await query(services, "SELECT extract(epoch FROM max(expires_at) - now())::int FROM mode_tokens")
    assert life <= 0
    third = await asked(live_api, id_)
    assert (await live_api.http.post(f"{MODE}live/", json=third)).status_code == 200
    await live_api.http.post(f"{MODE}paper/")
    await refused(live_api, "live", third, 409, "token_not_valid")
    assert third["token"] not in str(await query(services, "SELECT * FROM mode_tokens"))


async def test_the_webhook_has_to_be_ones_own_verified_and_on(live_api, services, receiver):
    api = live_api
    id_, _ = await verified(api, receiver.url)
    body = await asked(api, id_)
    await api.http.patch(f"/api/webhooks/{id_}/", json={"url": receiver.url + "2"})
    await refused(api, "live", body, 409, "webhook_not_verified")
    await refused(api, "token", {"webhook_id": id_}, 409, "webhook_not_verified")
    await api.http.post(f"/api/webhooks/{id_}/verify/")
    await api.http.patch(f"/api/webhooks/{id_}/", json={"enabled": False})
    await refused(api, "token", {"webhook_id": id_}, 409, "webhook_disabled")
    await api.http.patch(f"/api/webhooks/{id_}/", json={"enabled": True})
    await query(services, "INSERT INTO users (name) VALUES ('somebody')")
    await query(services, "UPDATE outlets SET user_id = (SELECT id FROM users WHERE name = 'somebody')")
    await refused(api, "token", {"webhook_id": id_}, 404, "no_such_webhook")


async def test_new_signals_are_handed_over_signed_and_once(live_api, services, receiver):
    source, strange = await followed_source(services), await followed_source(services, "not followed")
    await query(services, "DELETE FROM follows WHERE source_id = %s", [strange])
    await signalled(services, source, notes="before")
    _, secret = await gone_live(live_api, receiver.url)
    await signalled(services, source, notes="new")
    await signalled(services, source, "expired")
    await signalled(services, strange)
    await serve(services)
    await serve(services)
    (body,) = handed(receiver)
    assert (body["data"]["account_id"], body["data"]["account"], body["data"]["mode"]) == (1, "main", "live")
    assert body["data"]["signal"]["notes"] == "new"
    (request,) = [each for each in receiver.requests if each.json["type"] == "signal.live"]
    assert request.verified_by(secret)
    assert request.id.endswith("_live_a1")


async def test_paper_stops_what_was_not_handed_over_yet(live_api, services, receiver):
    source = await followed_source(services)
    await gone_live(live_api, receiver.url)
    await serve(services)
    receiver.reply = lambda _: Reply(503)
    await signalled(services, source)
    await serve(services)
    assert len(handed(receiver)) == 1
    await live_api.http.post(f"{MODE}paper/")
    receiver.reply = challenge
    await later(services)
    await serve(services)
    assert len(handed(receiver)) == 1
    await live_api.http.post("/api/webhooks/1/replay/", json={"all_dead": True})
    await serve(services)
    assert len(handed(receiver)) == 1, "nor is it by a replay"


async def test_it_falls_back_by_itself_even_if_nobody_looks(live_api, services, receiver):
    source = await followed_source(services)
    await gone_live(live_api, receiver.url)
    await serve(services)
    await query(services, "UPDATE account_modes SET live_until = now()")
    assert (await live_api.http.get(MODE)).json()["mode"] == "paper"
    await signalled(services, source)
    await serve(services)
    await serve(services)
    assert handed(receiver) == []
    reasons = [change["reason"] for change in (await live_api.http.get(MODE)).json()["changes"]]
    assert reasons == ["the set time has passed", "confirmed"]
    assert receiver.bodies[-1]["data"]["reason"] == "the set time has passed"


async def test_an_old_signal_is_not_handed_over(live_api, services, receiver):
    source = await followed_source(services)
    id_, _ = await gone_live(live_api, receiver.url)
    await serve(services)
    receiver.reply = lambda _: Reply(503)
    await signalled(services, source)
    await serve(services)
    await query(services, "UPDATE deliveries SET expires_at = now() WHERE account_id = 1")
    receiver.reply = challenge
    await later(services)
    await serve(services)
    assert len(handed(receiver)) == 1
    assert (await deliveries(services, id_))[-1][1] == "dead"
    ((seconds,),) = await query(
        services, "SELECT extract(epoch FROM expires_at - created_at)::int FROM deliveries WHERE account_id = 1"
    )
    assert seconds <= 60


@pytest.mark.parametrize("change", [{"enabled": False}, {"url": "http://127.0.0.1:9/elsewhere"}, None, "gone"])
async def test_a_webhook_that_changes_takes_its_accounts_back_to_paper(live_api, services, receiver, change):
    source = await followed_source(services)
    id_, _ = await gone_live(live_api, receiver.url)
    if change is None:
        await live_api.http.delete(f"/api/webhooks/{id_}/")
    elif change == "gone":
        receiver.reply = lambda _: Reply(410)
        await signalled(services, source)
        await serve(services)
    else:
        await live_api.http.patch(f"/api/webhooks/{id_}/", json=change)
    view = (await live_api.http.get(MODE)).json()
    assert view["mode"] == "paper"
    assert [each["mode"] for each in view["changes"]] == ["paper", "live"]


async def test_in_live_mode_only_the_signed_webhook_leaves(live_api, services, receiver, monkeypatch):
    """Every HTTP request and every connection of the process, while signals and trades of a live account pass."""
    source = await followed_source(services)
    id_, secret = await gone_live(live_api, receiver.url)
    requests, places = [], set()
    original = httpx.AsyncHTTPTransport.handle_async_request

    async def recorded(transport, request):
        requests.append((request.method, str(request.url)))
        return await original(transport, request)

    def audit(event, arguments):
        if watching and event == "socket.connect":
            places.add(str(arguments[1]))

    watching = True
    sys.addaudithook(audit)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", recorded)
    await query(services, "UPDATE outlets SET rules = '[]'")
    for action in ("opened", "updated", "closed"):
        await signalled(services, source)
        await happens(services, action)
    await serve_outlets(services)
    await wait_until(lambda: not services.errands.keys)
    watching = False
    assert len(handed(receiver)) == 3
    assert set(requests) == {("POST", receiver.url)}
    assert all(each.verified_by(secret) for each in receiver.requests)
    port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    foreign = {place for place in places if not place.startswith("/") and "/tests" not in place and "/tmp" not in place}
    assert {place for place in foreign if str(port) not in place} == set(), "only the receiver, Postgres and Valkey"
    assert id_


async def test_the_kill_switch_ends_every_live_mode_and_new_trades_at_once(live_api, services, receiver):
    await gone_live(live_api, receiver.url)
    stopped = (await live_api.http.post("/api/system/kill/", json={"reason": "something is wrong"})).json()["results"]
    assert [halt["what"] for halt in stopped] == ["new_trades"]
    view = (await live_api.http.get(MODE)).json()
    assert view["mode"] == "paper"
    await signalled(services, await followed_source(services))
    await serve_outlets(services)
    assert handed(receiver) == []
    assert (await live_api.http.post("/api/system/kill/", json={"reason": ""})).status_code == 422
    ((told,),) = await query(
        services,
        """SELECT payload ->> 'reason' FROM events WHERE stream = 'a1' AND action = 'mode_changed'
           ORDER BY seq DESC LIMIT 1""",
    )
    assert told == "kill switch: something is wrong"
