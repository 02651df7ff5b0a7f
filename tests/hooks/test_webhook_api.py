"""Webhooks over HTTP: secrets shown once, endpoints verified, deliveries listed, replayed and dropped."""

from tests.hooks.desk import deliveries, happens, later, query, serve
from tests.hooks.receiver import Reply, receiving

URL = "/api/webhooks/"


async def made(api, url, **fields):
    answer = await api.http.post(URL, json={"url": url, **fields})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    return f"{URL}{body['webhook']['id']}/", body


async def test_a_secret_is_shown_once(api, receiver):
    one, body = await made(api, receiver.url, description="mine", rules=[{"events": ["closed"]}])
    assert body["secret"].startswith("whsec_")
    for answer in (await api.http.get(one), await api.http.get(URL), await api.http.patch(one, json={"enabled": True})):
        assert answer.status_code == 200
        assert body["secret"][6:] not in answer.text
    view = (await api.http.get(one)).json()
    assert (view["description"], view["rules"][0]["events"]) == ("mine", ["closed"])
    assert (view["enabled"], view["verified_at"], view["retry_at"]) == (True, None, None)


async def test_rotation_signs_twice_for_a_day(api, services, receiver):
    one, first = await made(api, receiver.url)
    second = (await api.http.post(f"{one}rotate/")).json()
    assert second["secret"] != first["secret"]
    assert second["webhook"]["two_signatures_until"]
    await happens(services)
    await serve(services)
    assert [receiver.requests[0].verified_by(each["secret"]) for each in (first, second)] == [True, True]
    await query(services, "UPDATE outlets SET previous_until = now()")
    await happens(services)
    await serve(services)
    assert [receiver.requests[1].verified_by(each["secret"]) for each in (first, second)] == [False, True]


async def test_a_key_makes_one_webhook_and_one_secret_which_is_told_once(api, receiver):
    headers, body = {"Idempotency-Key": "the same"}, {"url": receiver.url}
    first, again = [await api.http.post(URL, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"secret": None}
    assert len((await api.http.get(URL)).json()["results"]) == 1
    other = await api.http.post(URL, json=body | {"description": "other"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    one = f"{URL}{first.json()['webhook']['id']}/rotate/"
    rotated, again = [(await api.http.post(one, headers=headers)).json() for _ in range(2)]
    assert rotated["secret"] not in (None, first.json()["secret"])
    assert again == rotated | {"secret": None}
    made = [
        (await api.http.post("/api/notifications/", json={"url": "discord://an_id/a_token"}, headers=headers))
        for _ in range(2)
    ]
    assert [answer.status_code for answer in made] == [201, 200]
    assert made[0].json() == made[1].json()


async def test_verification_needs_the_challenge_repeated(api, receiver):
    one, body = await made(api, receiver.url)
    bodies = ("", "{}", '{"challenge": 5}', '{"x":' + "[" * 4090, '{"x":1e999999999999999999999}')
    for reply in (*(Reply(body=each) for each in bodies), Reply(500), Reply(302), Reply(cut=True)):
        receiver.reply = lambda _, reply=reply: reply
        answer = await api.http.post(f"{one}verify/")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_verified")
        assert (await api.http.get(one)).json()["verified_at"] is None
    for wrap in ("%s", ' {"challenge": "%s", "more": 1}'):
        receiver.reply = lambda received, wrap=wrap: Reply(body=wrap % received.json["data"]["challenge"])
        assert (await api.http.post(f"{one}verify/")).json()["verified_at"]
    assert receiver.bodies[-1]["type"] == "webhook.verify"
    assert receiver.requests[-1].verified_by(body["secret"])
    changed = (await api.http.patch(one, json={"url": receiver.url + "2"})).json()
    assert changed["verified_at"] is None


async def test_a_test_message_tells_what_came_of_it_but_not_what_was_answered(api, receiver):
    one, _ = await made(api, receiver.url)
    receiver.reply = lambda _: Reply(500, body="internal secret")
    answer = await api.http.post(f"{one}test/")
    assert answer.status_code == 200
    assert (answer.json()["delivered"], answer.json()["status_code"]) == (False, 500)
    assert "internal secret" not in answer.text
    receiver.reply = lambda _: Reply()
    assert (await api.http.post(f"{one}test/")).json()["delivered"] is True


async def test_deliveries_are_listed_replayed_and_dropped(api, services, receiver):
    one, _ = await made(api, receiver.url)
    receiver.reply = lambda received: Reply(422 if received.json["sequence"] in (2, 3) else 200)
    for _ in range(4):
        await happens(services)
    for _ in range(20):
        await serve(services)
        await later(services)
    every = (await api.http.get(f"{one}deliveries/")).json()
    assert [(each["sequence"], each["state"]) for each in every["results"]] == [
        *((4, "delivered"), (3, "dead"), (2, "dead"), (1, "delivered"))
    ]
    page = (await api.http.get(f"{one}deliveries/?limit=3")).json()
    rest = (await api.http.get(f"{one}deliveries/", params={"cursor": page["next"]})).json()
    assert [each["sequence"] for each in page["results"] + rest["results"]] == [4, 3, 2, 1]
    dead = (await api.http.get(f"{one}deliveries/?state=dead")).json()["results"]
    assert [each["status_code"] for each in dead] == [422, 422]

    receiver.reply = lambda _: Reply()
    receiver.requests.clear()
    wish, key = {"delivery_ids": [dead[1]["id"], every["results"][0]["id"]]}, {"Idempotency-Key": "these two"}
    for _ in range(3):
        answer = await api.http.post(f"{one}replay/", json=wish, headers=key)
        assert answer.json() == {"deliveries": 2}
    another = await api.http.post(f"{one}replay/", json={"all_dead": True}, headers=key)
    assert (another.status_code, another.json()["code"]) == (409, "idempotency_key_reused")
    await serve(services)
    assert sorted(body["sequence"] for body in receiver.bodies) == [2, 4]
    assert {received.id for received in receiver.requests} == {dead[1]["message_id"], every["results"][0]["message_id"]}

    receiver.requests.clear()
    wish = {"stream": "a1", "from_sequence": 1, "to_sequence": 3}
    assert (await api.http.post(f"{one}replay/", json=wish)).json() == {"deliveries": 3}
    await serve(services)
    assert [body["sequence"] for body in receiver.bodies] == [1, 2, 3]

    await query(services, "UPDATE deliveries SET state = 'dead', body = '{}' WHERE seq < 3")
    assert (await api.http.post(f"{one}drop/", json={"all_dead": True})).json() == {"deliveries": 2}
    assert len((await api.http.get(f"{one}deliveries/")).json()["results"]) == 2


async def test_metrics_tell_of_deliveries_failures_and_the_backlog(api, services, receiver):
    await made(api, receiver.url)
    await happens(services)
    await serve(services)
    receiver.reply = lambda _: Reply(500)
    await happens(services)
    await happens(services)
    await serve(services)
    await query(services, "UPDATE deliveries SET created_at = now() - interval '100 s' WHERE seq = 2")
    text = (await api.http.get("/metrics")).text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if 'kind="webhook"' in line)
    assert values['paperfleet_delivery_attempts{kind="webhook",outcome="delivered"}'] == "1.0"
    assert values['paperfleet_delivery_attempts{kind="webhook",outcome="failed"}'] == "1.0"
    assert values['paperfleet_deliveries{kind="webhook",state="waiting"}'] == "2.0"
    assert values['paperfleet_outlets{kind="webhook",state="failing"}'] == "1.0"
    assert 100 <= float(values['paperfleet_delivery_backlog_seconds{kind="webhook"}']) < 200


async def test_metrics_tell_those_that_the_fleet_switched_off_from_those_that_their_owner_did(api, services, receiver):
    one, _ = await made(api, receiver.url)
    await api.http.patch(one, json={"enabled": False})
    await made(api, receiver.url)
    receiver.reply = lambda _: Reply(410)
    await happens(services)
    await serve(services)
    text = (await api.http.get("/metrics")).text
    for state, count in (("working", 0), ("failing", 0), ("disabled", 1), ("switched_off", 1)):
        assert f'paperfleet_outlets{{kind="webhook",state="{state}"}} {count}.0\n' in text, state


async def test_disabled_ones_get_nothing_and_catch_up_when_enabled(api, services, receiver):
    one, _ = await made(api, receiver.url)
    await api.http.patch(one, json={"enabled": False})
    await happens(services)
    await serve(services)
    assert receiver.requests == []
    await api.http.patch(one, json={"enabled": True})
    await serve(services)
    assert [body["sequence"] for body in receiver.bodies] == [1]
    assert (await api.http.delete(one)).status_code == 204
    assert (await api.http.get(one)).status_code == 404
    assert await query(services, "SELECT count(*) FROM deliveries") == [(0,)]


MISFITS = [
    ({"url": "https://10.0.0.1/"}, "url_not_allowed", "url"),
    ({"url": "ftp://127.0.0.1/"}, "url_not_allowed", "url"),
    ({"rules": [{"account_ids": [99]}]}, "unknown_account", "rules[0].account_ids"),
    ({"rules": [{"minimum_loss": "NaN"}]}, "not_a_positive_number", "rules[0].minimum_loss"),
    ({"rules": [{"sources": ["a\x00"]}]}, "bad_text", "rules[0].sources"),
    ({"rules": [{}] * 11}, "too_many_rules", "rules"),
    ({"description": "a\nb"}, "bad_text", "description"),
    ({"quiet_hours": {"start": "22:00:00", "end": "22:00:00"}}, "bad_quiet_hours", "quiet_hours"),
    (
        {"quiet_hours": {"start": "22:00:00", "end": "07:00:00", "time_zone": "../etc/passwd"}},
        "unknown_time_zone",
        "quiet_hours.time_zone",
    ),
    ({"secret": "whsec_x"}, "invalid_request", "secret"),
]


async def test_what_does_not_fit_is_refused_by_name(api, receiver):
    for fields, code, field in MISFITS:
        answer = await api.http.post(URL, json={"url": receiver.url} | fields)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)


async def test_others_webhooks_do_not_exist(api, services):
    async with receiving() as receiver:
        one, _ = await made(api, receiver.url)
    await query(services, "INSERT INTO users (name) VALUES ('somebody')")
    await query(services, "UPDATE outlets SET user_id = (SELECT id FROM users WHERE name = 'somebody')")
    for method, tail in (
        *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "rotate/"), ("POST", "verify/"), ("POST", "test/")),
        *(("GET", "deliveries/"), ("POST", "replay/"), ("POST", "drop/")),
    ):
        body = {"all_dead": True} if tail in ("replay/", "drop/") else {"enabled": False}
        answer = await api.http.request(method, one + tail, json=body if method in ("POST", "PATCH") else None)
        assert answer.status_code == 404, (method, tail, answer.text)
    assert (await api.http.get(URL)).json()["results"] == []
    assert await query(services, "SELECT enabled FROM outlets") == [(True,)]
    assert receiver.requests == []
    assert await deliveries(services, 1) == []


async def test_a_user_has_at_most_twenty(api):
    for _ in range(20):
        await made(api, "https://hooks.paperfleet.dev/")
    answer = await api.http.post(URL, json={"url": "https://hooks.paperfleet.dev/"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_outlets")
