"""Sessions: cookies, CSRF, expiry by sign-out, lockout, invitations."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from argon2 import PasswordHasher, extract_parameters

from services.coordination.attempts import ADDRESS_FAILURES_MAX, NAME_FAILURES_MAX
from services.db import last_backup
from services.domain.credentials import Role
from services.domain.errors import TooMany, Unidentified
from services.usecases.sign_in import sign_in
from tests.access.people import PASSWORD, Person

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_without_a_credential_nothing_of_anybodys_is_told(api):
    for path in ("/api/keys/", "/api/users/", "/api/system/audit/"):
        answer = await api.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "login_required"), path
        assert answer.headers["www-authenticate"].startswith("Bearer")
    session = (await api.http.get("/api/session/")).json()
    assert (session["login"], session["name"], session["csrf_token"]) == ("required", None, None)


async def test_where_processes_run_and_the_last_backup_are_told_to_admins_only(services, someone):
    admin, anna = await someone(Role.ADMIN), await someone()
    async with services.pool.connection() as connection:
        await last_backup.keep(connection, datetime(2026, 7, 1, 3, 20, tzinfo=UTC), 4711)

    async def told(person: Person) -> tuple[bool, bool]:
        system = (await person.http.get("/api/system/")).json()
        return system["fleet"]["processes"] != [], system["backup"] is not None

    assert (await told(admin), await told(anna)) == ((True, True), (False, False))


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(someone):
    anna = await someone()
    answer = await anna.sign_in()
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert (await anna.http.get("/api/session/")).json()["name"] == anna.name


async def test_over_https_the_cookie_is_secure(api, someone):
    anna = await someone()
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    answer = await api.http.post("/api/session/", json={"name": anna.name, "password": PASSWORD}, headers=headers)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-paperfleet_session=")
    assert "secure" in cookie.lower()
    api.http.cookies.clear()


async def test_over_https_browsers_are_told_to_stay_with_it(api):
    proxied = await api.http.get("/nowhere", headers={"X-Forwarded-Proto": "https"})
    assert "max-age=" in proxied.headers["strict-transport-security"]
    assert "strict-transport-security" not in (await api.http.get("/nowhere")).headers


async def test_a_write_by_cookie_needs_the_token_of_the_page(someone):
    anna = await someone()
    wish = {"name": "a key", "scopes": ["read"]}
    for headers in (
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
        {"X-CSRF-Token": anna.session["csrf_token"], "Origin": "http://elsewhere.example"},
    ):
        answer = await anna.http.post("/api/keys/", json=wish, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), headers
    assert (await anna.http.post("/api/keys/", json=wish)).status_code == 201


async def test_signing_out_ends_the_session_and_everywhere_all_of_them(api, someone):
    anna = await someone()
    other = Person(api.url, anna.name)
    if other:
        await other.sign_in()
        cookies = dict(anna.http.cookies)
        assert (await anna.http.delete("/api/session/")).status_code == 204
        async with httpx.AsyncClient(base_url=api.url, cookies=cookies) as stolen:
            assert (await stolen.get("/api/keys/")).status_code == 401
        assert (await other.http.get("/api/keys/")).status_code == 200
        await anna.sign_in()
        assert (await anna.http.delete("/api/session/all/")).status_code == 204
        assert (await other.http.get("/api/keys/")).status_code == 401


async def test_a_few_wrong_passwords_shut_the_door_for_that_name_only(api, someone):
    anna, ben = await someone(), await someone()
    tries = [(await anna.sign_in("not the password")).json()["code"] for _ in range(6)]
    assert tries == ["wrong_password"] * 5 + ["locked_out"]
    right = await anna.sign_in()
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0
    assert (await ben.sign_in()).status_code == 200
    unknown = await api.http.post("/api/session/", json={"name": "nobody at all", "password": PASSWORD})
    assert (unknown.status_code, unknown.json()["code"]) == (401, "wrong_password")


async def test_guesses_at_once_are_as_few_as_one_after_another(services, someone, monkeypatch):
    anna = await someone()
    looked_at = []

    async def is_password(hashed: str | None, password: str) -> bool:
        looked_at.append(password)
        await everybody_came.wait()
        return password == PASSWORD

    async def guess(number: int) -> str:
        try:
            await sign_in(services, anna.name, f"guess {number}", f"192.0.2.{number}")
        except (Unidentified, TooMany) as refused:
            return refused.code
        finally:
            answered.append(number)
            if len(answered) == 50 - NAME_FAILURES_MAX:
                everybody_came.set()
        return "in"

    everybody_came, answered = asyncio.Event(), list[int]()
    monkeypatch.setattr("services.usecases.sign_in.is_password", is_password)
    async with asyncio.timeout(30):
        codes = await asyncio.gather(*map(guess, range(50)))
    assert len(looked_at) == NAME_FAILURES_MAX
    assert sorted(codes) == ["locked_out"] * 45 + ["wrong_password"] * 5


async def test_an_address_guesses_twenty_names_and_a_good_login_buys_no_more(services, someone):
    anna, address = await someone(), "198.51.100.7"
    for number in range(ADDRESS_FAILURES_MAX - 1):
        with pytest.raises(Unidentified):
            await sign_in(services, f"no such name {number}", PASSWORD, address)
    for _ in range(2):
        await sign_in(services, anna.name, PASSWORD, address)
    with pytest.raises(Unidentified):
        await sign_in(services, "no such name", PASSWORD, address)
    with pytest.raises(TooMany):
        await sign_in(services, anna.name, PASSWORD, address)


async def test_a_new_password_ends_the_other_sessions(api, someone):
    anna = await someone()
    other = Person(api.url, anna.name)
    if other:
        await other.sign_in()
        change = {"password": PASSWORD, "new_password": "another long one"}
        wrong = await anna.http.post("/api/session/password/", json=change | {"password": "not the password"})
        assert wrong.status_code == 401
        assert (await anna.http.post("/api/session/password/", json=change)).status_code == 204
        assert (await other.http.get("/api/keys/")).status_code == 401
        assert (await anna.http.get("/api/keys/")).status_code == 200
        assert (await anna.sign_in("another long one")).status_code == 200


async def test_a_hash_that_cost_less_than_now_is_made_anew_at_a_sign_in(services, someone):
    anna = await someone()
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)

    async def stored():
        async with services.pool.connection() as connection:
            found = await connection.execute("SELECT password_hash FROM users WHERE name = %s", [anna.name])
            return (await found.fetchone())[0]

    usual = await stored()
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE users SET password_hash = %s WHERE name = %s", [weak, anna.name])
    assert (await anna.sign_in("not this password")).status_code == 401
    assert await stored() == weak
    assert (await anna.sign_in()).status_code == 200
    renewed = await stored()
    assert extract_parameters(renewed) == extract_parameters(usual)
    assert (await anna.sign_in()).status_code == 200
    assert await stored() == renewed, "and then stays"


async def test_an_invitation_admits_one_user_once(api, someone):
    admin, anna = await someone(Role.ADMIN), await someone()
    assert (await anna.http.post("/api/users/invitations/", json={})).status_code == 403
    invited = (await admin.http.post("/api/users/invitations/", json={"note": "for Cleo"})).json()
    accept = {"token": invited["token"], "name": "Cleo", "password": PASSWORD}
    answer = await api.http.post("/api/session/invitation/", json=accept)
    api.http.cookies.clear()
    assert (answer.status_code, answer.json()["role"], len(answer.json()["account_ids"])) == (200, "user", 1)
    again = await api.http.post("/api/session/invitation/", json=accept | {"name": "Dora"})
    assert (again.status_code, again.json()["code"]) == (404, "no_such_invitation")
    repeated = await api.http.post("/api/session/invitation/", json=accept)  # whose answer was lost
    assert (repeated.status_code, repeated.json()["user_id"]) == (200, answer.json()["user_id"])
    api.http.cookies.clear()
    stranger = await api.http.post("/api/session/invitation/", json=accept | {"password": PASSWORD + "!"})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "wrong_password")
    withdrawn = (await admin.http.post("/api/users/invitations/", json={})).json()
    assert (await admin.http.delete(f"/api/users/invitations/{withdrawn['id']}/")).status_code == 204
    late = await api.http.post("/api/session/invitation/", json=accept | {"token": withdrawn["token"], "name": "Eve"})
    assert late.status_code == 404
    listed = (await admin.http.get("/api/users/invitations/")).json()["results"]
    assert "token" not in listed[0]


async def test_a_disabled_user_is_out_at_once_and_the_last_admin_stays(services, api, someone):
    admin, anna = await someone(Role.ADMIN), await someone()
    key = await anna.key("read")
    user = f"/api/users/{anna.session['user_id']}/"
    assert (await anna.http.get(user)).status_code == 404
    assert (await admin.http.patch(user, json={"disabled": True})).json()["disabled_at"]
    assert (await anna.http.get("/api/keys/")).status_code == 401
    bearer = {"Authorization": f"Bearer {key['key']}"}
    assert (await api.http.get("/api/paper-trades/", headers=bearer)).status_code == 401
    assert (await anna.sign_in()).status_code == 401
    async with services.pool.connection() as connection:
        await connection.execute(
            "UPDATE users SET disabled_at = now() WHERE role = 'admin' AND id <> %s", [admin.session["user_id"]]
        )
    last = await admin.http.patch(f"/api/users/{admin.session['user_id']}/", json={"role": "user"})
    assert (last.status_code, last.json()["code"]) == (409, "last_admin")
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE users SET disabled_at = NULL WHERE role = 'admin'")


async def test_a_name_that_no_database_can_hold_is_refused_by_its_field(api):
    answer = await api.http.post("/api/session/", json={"name": "a\x00b", "password": "a long enough one"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "bad_text", "name")
