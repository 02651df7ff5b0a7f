"""A fleet as it is run in earnest: nothing that opens a door stands in any log, whatever goes wrong meanwhile."""

import contextlib
from decimal import Decimal

import httpx
import msgspec
import psycopg
import pytest

from deploy.local.ports import free_port
from services.domain.credentials import Role
from services.settings import Login
from tests.access.people import PASSWORD, person
from tests.api.running import exchange, market, settings_of_test
from tests.api.sse import streaming
from tests.fleet.fleet import fleet_on, serves
from tests.servers import wait_until

MISTYPED = "a password typed into the wrong field"
FOREIGN = "pt_live_of_somebody_else_0000"


@pytest.mark.timeout(300)
async def test_no_secret_is_in_any_log(database_url, redis_url, tmp_path):
    with exchange() as urls, contextlib.ExitStack() as closing:
        settings = msgspec.structs.replace(
            settings_of_test(database_url, redis_url, urls),
            login=Login.REQUIRED,
            api_port=free_port(),
            log_level="DEBUG",
            hooks_networks="127.0.0.1/32",
            quote_max_age_seconds=Decimal(3600),
            scan_timeframes="",
        )
        async with market(settings) as services:
            fleet = closing.enter_context(fleet_on(settings, tmp_path))
            fleet.spawn("api", "api")
            await fleet.start(workers=1)
            url = f"http://127.0.0.1:{settings.api_port}"
            await wait_until(lambda: serves(url), 60)
            secrets = await everything_that_opens(services, url)
            assert all(secrets.values())
            with psycopg.connect(database_url, autocommit=True) as connection:
                for table in ("users", "api_keys", "sources", "public_links"):
                    connection.execute(f"ALTER TABLE {table} RENAME TO away")
                    await tried(url, secrets, table)
                    connection.execute(f"ALTER TABLE away RENAME TO {table}")
        await fleet.stop()
        told = {path.name: path.read_text(errors="replace") for path in tmp_path.glob("*.log")}
    assert {name.partition(".")[0] for name in told} == {"api", "scheduler-1", "worker-1"}
    assert told["api.1.log"].count("Traceback") >= 4, "the log tells of what went wrong"
    assert [(name, what) for name, text in told.items() for what, secret in secrets.items() if secret in text] == []


async def everything_that_opens(services, url):
    """Secrets of every kind, by what they are, after each has opened something, and failed to."""
    ada = await person(services, url, "ada", Role.ADMIN)
    found = {"password": PASSWORD, "mistyped": MISTYPED, "foreign key": FOREIGN, "csrf": ada.session["csrf_token"]}
    found |= {f"cookie {name}": value for name, value in ada.http.cookies.items()}
    found["key"] = (await ada.key("read", "trade"))["key"]
    found["unused key"] = (await ada.key("read"))["key"]
    found["rotated key"] = (await ada.http.post("/api/keys/1/rotate/", json={"overlap_hours": 1})).json()["key"]
    found["ticket"] = (await ada.http.post("/api/events/tickets/")).json()["ticket"]
    found["invitation"] = (await ada.http.post("/api/users/invitations/", json={})).json()["token"]
    link = await ada.http.post(f"/api/accounts/{ada.account_id}/links/", json={"name": "a link"})
    found["link"] = link.json()["token"]
    source = (await ada.http.post("/api/sources/", json={"name": "chart"})).json()
    inbox = (await ada.http.post(f"/api/sources/{source['id']}/rotate_secret/")).json()
    found["inbox"] = inbox["secret"]
    found["hook"] = (await ada.http.post("/api/webhooks/", json={"url": "https://127.0.0.1:8443/hook"})).json()[
        "secret"
    ]
    for way in ("verify", "test"):  # nothing listens there
        await ada.http.post(f"/api/webhooks/1/{way}/")
    async with streaming(ada.http, ticket=found["ticket"]):
        pass
    async with httpx.AsyncClient(base_url=url, timeout=30) as stranger:
        for body in (
            {"name": "ada", "password": MISTYPED},
            {"name": MISTYPED, "password": MISTYPED},
            {"name": "ada", "pasword": PASSWORD},
            {"token": found["invitation"], "name": "ada", "password": PASSWORD},
        ):
            for path in ("/api/session/", "/api/session/invitation/"):
                assert (await stranger.post(path, json=body)).status_code >= 400
        broken = b'{"name": "ada", "password": "' + PASSWORD.encode()
        assert (await stranger.post("/api/session/", content=broken)).status_code == 400
        for key in (FOREIGN, found["key"], found["rotated key"], found["key"][:-1]):
            await stranger.get("/api/paper-trades/", headers={"Authorization": f"Bearer {key}"})
            await stranger.post("/api/paper-trades/", json={"key": key}, headers={"Authorization": f"Bearer {key}"})
        for path in (
            f"/api/public/{found['link']}/performance/",
            f"/api/public/{found['link']}/none/",
            f"/api/events/?ticket={found['ticket']}",
            f"/api/events/?ticket={found['ticket']}&from=nowhere",
        ):
            await stranger.get(path)
        for secret in (found["inbox"], found["inbox"] + "x"):
            for body in (b"{", b'{"symbol": "BTCUSDT", "action": "buy"}', b"\xff"):
                await stranger.post(f"/api/webhooks/in/{secret}/", content=body)
    await ada.http.aclose()
    return found


async def tried(url, secrets, table):
    """The route that needs the table, which is away: 500 with the secret in hand."""
    key = {"Authorization": f"Bearer {secrets['unused key']}"}
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        answer = await {
            "users": lambda: http.post("/api/session/", json={"name": "ada", "password": PASSWORD}),
            "api_keys": lambda: http.get("/api/paper-trades/", headers=key),
            "sources": lambda: http.post(f"/api/webhooks/in/{secrets['inbox']}/", content=b"{}"),
            "public_links": lambda: http.get(f"/api/public/{secrets['link']}/performance/"),
        }[table]()
    assert answer.status_code == 500, (table, answer.text)
