"""Nobody reaches what is another's: every route with an id, by every method, taken from the application itself."""

import re
from typing import Any, NamedTuple

import httpx
import pytest

from api.app import create_app
from services.domain.credentials import Role
from services.domain.market import Market
from services.settings import Login, Settings
from tests.access.people import Person
from tests.api.running import order
from tests.described import described
from tests.servers import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="package")

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
OPEN = r"/$|/{path}$|/health/|/api/(session|public/|webhooks/in/)"
"""Paths that anybody may ask for."""
NAMES_NOTHING = {"market", "symbol", "path"}
"""Path parameters that name a pair of the exchange, or a file of the documentation: everybody's."""
NOWHERE = 987654321
ATTEMPTS = 10
"""What a process does by itself comes between, now and then."""
NOBODYS = {"last_event_id", "delivery_ids", "user_id"}
"""Places in streams; deliveries, which are looked for below an outlet of one's own; whom an admin looks for."""


def routes() -> list[tuple[str, frozenset[str]]]:
    """Path and methods of every route of ours that has parameters in its path, as the application knows them."""
    app = create_app(Settings(database_url="", redis_url="", login=Login.REQUIRED))
    found = []
    for route in app.routes:
        names = {component.name for component in route.path_components if not isinstance(component, str)}
        if names - NAMES_NOTHING:
            found.append((route.path_format, frozenset(route.methods)))  # type: ignore[union-attr]
    return sorted(found)


async def belongings(services, person: Person, admin: Person, known: dict[tuple[str, str], Any]) -> dict[str, Any]:
    """One of everything that a path can name, by the parameter's name, as `person` owns it.

    A parameter that is missing here fails the matrix: a new resource with an id comes with its fixture. Where paths
    under different parents share a name, the parent comes first in the path, so it is the parent that is foreign.
    """
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    trade = await person.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))
    link = await person.http.post(f"/api/accounts/{person.account_id}/links/", json={"name": "a link"})
    invitation = await admin.http.post("/api/users/invitations/", json={})
    webhook = await person.http.post("/api/webhooks/", json=known["/api/webhooks", "POST"])
    target = await person.http.post("/api/notifications/", json=known["/api/notifications", "POST"])
    source = await person.http.post("/api/sources/", json=known["/api/sources", "POST"])
    signal = await person.http.post(
        "/api/signals/",
        json={
            "source": source.json()["name"],
            "market_type": "SPOT",
            "symbol": "BTCUSDT",
            "direction": "LONG",
            "stop_loss": str(price / 2),
            "take_profit": str(price * 2),
        },
    )
    return {
        "source_id": source.json()["id"],
        "signal_id": signal.json()["id"],
        "secret": "0" * 43,
        "letter": "0b9f1c3e-5d7a-4f26-8c41-2e9d6a7b8c05",
        "what": "fleet",
        "key": "SPOT:BTCUSDT",
        "trade_id": trade.json()["id"],
        "account_id": person.account_id,
        "key_id": (await person.key("read"))["id"],
        "user_id": person.session["user_id"],
        "invitation_id": invitation.json()["id"],
        "link_id": link.json()["id"],
        "token": "0" * 43,
        "webhook_id": webhook.json()["webhook"]["id"],
        "target_id": target.json()["id"],
    }


def filled(path: str, owned: dict[str, Any]) -> str:
    names = re.findall(r"\{(\w+)\}", path)
    missing = [name for name in names if name not in owned]
    assert not missing, f"{path}: add {missing} to `belongings`, so that the matrix covers it"
    return path.format(**owned) + "/"


async def bodies() -> dict[tuple[str, str], Any]:
    """By path and method, a body that fits, from the document's own examples."""
    document = described()
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = content.get("schema", {}).get("examples") or [
                example["value"] for example in content.get("examples", {}).values()
            ]
            if examples:
                found[path, method.upper()] = examples[0]
    return found


async def test_two_users_and_every_route_with_an_id(services, api, someone):
    admin, anna, ben = await someone(Role.ADMIN), await someone(), await someone()
    known, refusals = await bodies(), await codes_of_absence(api)
    paths = routes()
    assert len(paths) >= 12
    asked = 0
    for owner, stranger in ((anna, ben), (ben, anna)):
        owned = await belongings(services, owner, admin, known)
        reading, owners = await stranger.key("read"), await owner.key("read")
        for path, allowed in paths:
            url = filled(path, owned)
            for method in METHODS:
                answer = await stranger.http.request(method, url, json=known.get((path, method), {}))
                expected = 404 if method in allowed else 405
                assert answer.status_code == expected, (method, url, answer.text)
                absent = re.sub(r"\d+", str(NOWHERE), url)
                never = await stranger.http.request(method, absent, json=known.get((path, method), {}))
                assert never.status_code == expected, (method, absent)
                assert _without_ids(never.text) == _without_ids(answer.text), f"{method} {url} tells that it exists"
                if method in allowed:  # the refusal that the document shows, or its parent's; admins' ids are hidden
                    shown = {refusals[each] for each in refusals if f"{path}/".startswith(f"{each[0]}/")}
                    assert answer.json()["code"] in shown | {"not_found"}, (method, url)
                by_key, absent_by_key = [
                    await api.http.request(method, place, headers=_bearing(reading), json=known.get((path, method), {}))
                    for place in (url, absent)
                ]
                refused = (403, 404) if method in allowed else (405,)
                assert by_key.status_code == absent_by_key.status_code in refused, (method, url, by_key.text)
                if method in allowed and method != "GET":
                    own = await api.http.request(
                        method, url, headers=_bearing(owners), json=known.get((path, method), {})
                    )
                    assert own.status_code in (403, 404), (method, url, own.text)
                asked += 1
            if "GET" in allowed:
                nobody = await api.http.get(url)
                assert nobody.status_code in (401, 404), (url, nobody.text)
        for path in ("/api/paper-trades/{trade_id}/", "/api/accounts/{account_id}/ledger/"):
            assert (await owner.http.get(path.format(**owned))).status_code == 200, "the owner does reach it"
    assert asked >= 2 * 5 * 12


async def codes_of_absence(api) -> dict[tuple[str, str], str]:
    """By path and method, the code that the document shows for what is not there."""
    document = described()
    return {
        (path, method.upper()): operation["responses"]["404"]["content"]["application/problem+json"]["example"]["code"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "404" in operation["responses"]
    }


def _bearing(key: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['key']}"}


def _without_ids(text: str) -> str:
    return re.sub(r"\d+", "#", text)


class Asked(NamedTuple):
    """A request that names a thing beside its path; `wish` goes into the query of a GET, else into the body."""

    method: str
    path: str
    wish: dict[str, Any]


def naming(own: dict[str, Any], known: dict[tuple[str, str], Any], named: dict[str, Any]) -> list[Asked]:
    """Every way to name an account, a source, a signal or a webhook beside the path, which `own` fills."""
    trade, account = known["/api/paper-trades", "POST"], named["account_id"]
    mode, rules = filled("/api/accounts/{account_id}/mode", own), [{"events": ["closed"], "account_ids": [account]}]
    source = filled("/api/sources/{source_id}", own)
    live = known["/api/accounts/{account_id}/mode/live", "POST"]
    outlets = [
        Asked("POST", f"/api/{each}/", known[f"/api/{each}", "POST"] | {"rules": rules})
        for each in ("webhooks", "notifications")
    ]
    return [
        Asked("GET", "/api/events/", {"sources": named["source_id"]}),
        Asked("GET", "/api/events/", {"account_ids": account}),
        Asked("POST", "/api/events/tickets/", {"account_ids": [account]}),
        Asked("POST", "/api/events/tickets/", {"sources": [named["source_id"]]}),
        Asked("GET", "/api/signals/", {"source_id": named["source_id"]}),
        Asked("POST", "/api/paper-trades/", trade | {"account_id": account}),
        Asked("POST", "/api/paper-trades/preview/", trade | {"account_id": account}),
        Asked("POST", "/api/paper-trades/create_from_signal/", {"signal_id": own["signal_id"], "account_id": account}),
        Asked("POST", "/api/paper-trades/create_from_signal/", {"signal_id": named["signal_id"]}),
        Asked("POST", f"{source}follow/", {"account_id": account}),
        Asked("POST", f"{source}unfollow/", {"account_id": account}),
        Asked("POST", f"{mode}token/", {"webhook_id": named["webhook_id"]}),
        Asked("POST", f"{mode}live/", live | {"webhook_id": named["webhook_id"]}),
        Asked("DELETE", filled("/api/accounts/{account_id}/links/{link_id}", own | {"link_id": named["link_id"]}), {}),
        *outlets,
        Asked("PATCH", filled("/api/webhooks/{webhook_id}", own), {"rules": rules}),
        Asked("PATCH", filled("/api/notifications/{target_id}", own), {"rules": rules}),
    ]


async def ask(person: Person, asked: Asked) -> httpx.Response:
    sent: dict[str, Any] = {"params": asked.wish} if asked.method == "GET" else {"json": asked.wish}
    return await person.http.request(asked.method, asked.path, **sent)


async def test_two_users_and_every_id_beside_the_path(services, api, someone):
    admin, anna, ben = await someone(Role.ADMIN), await someone(), await someone()
    known = await bodies()
    owned = {each.name: await belongings(services, each, admin, known) for each in (anna, ben)}
    for owner, stranger in ((anna, ben), (ben, anna)):
        theirs, own = owned[owner.name], owned[stranger.name]
        nowhere = {name: NOWHERE if isinstance(value, int) else value for name, value in theirs.items()}
        for asked, never in zip(naming(own, known, theirs), naming(own, known, nowhere), strict=True):
            answer, absent = await ask(stranger, asked), await ask(stranger, never)
            label = (asked.method, asked.path, asked.wish, answer.text)
            assert answer.status_code == absent.status_code in (404, 422), label
            assert answer.json()["code"].startswith("no_such_") or answer.json()["code"] == "unknown_account", label
            assert _without_ids(answer.text) == _without_ids(absent.text), "tells that it exists"


async def test_anothers_id_is_answered_by_the_same_statements_as_one_that_is_nowhere(services, servers, someone):
    """In number, text and order, so that none of these tells the two apart: in a path, and beside it."""
    admin, anna, ben = await someone(Role.ADMIN), await someone(), await someone()
    known = await bodies()
    theirs, own = await belongings(services, anna, admin, known), await belongings(services, ben, admin, known)
    nowhere = {name: NOWHERE if isinstance(value, int) else value for name, value in theirs.items()}
    cases = [
        (Asked(method, filled(path, theirs), body), Asked(method, filled(path, nowhere), body))
        for path, allowed in routes()
        for method in sorted(allowed & set(METHODS))
        for body in [known.get((path, method), {})]
    ]
    cases += zip(naming(own, known, theirs), naming(own, known, nowhere), strict=True)
    with servers.hearing() as heard:

        async def statements(asked: Asked) -> list[str]:
            heard.since()
            await ask(ben, asked)
            return heard.since()

        await wait_until(lambda: statements(Asked("GET", f"/api/paper-trades/{NOWHERE}/", {})))
        seen = 0
        for taken, absent in cases:
            for _ in range(ATTEMPTS):
                told = await statements(taken), await statements(absent)
                if told[0] == told[1]:
                    break
            assert told[0] == told[1], f"{taken.method} {taken.path} tells that it exists"
            seen += bool(told[0])
    assert seen >= 40, "statements were heard"


async def test_every_id_beside_the_path_is_in_that_matrix(api):
    """A new body or query that names a thing comes with its line in `naming`."""
    document = described()
    schemas = document["components"]["schemas"]

    def ids(schema: Any) -> set[str]:
        if isinstance(schema, list):
            return {name for each in schema for name in ids(each)}
        if not isinstance(schema, dict):
            return set()
        if "$ref" in schema:
            return ids(schemas[schema["$ref"].rsplit("/", 1)[1]])
        named = {name for name in schema.get("properties", ()) if re.search("_ids?$", name)}
        return named | ids([value for key, value in schema.items() if key not in ("example", "examples")])

    found = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            queries = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            named = {name for name in queries if re.search("_ids?$|^sources$", name)} | ids(
                [content["schema"] for content in operation.get("requestBody", {}).get("content", {}).values()]
            )
            found |= {(method.upper(), path, name) for name in named - NOBODYS}
    ones = dict.fromkeys(("source_id", "signal_id", "webhook_id", "link_id", "account_id", "target_id"), 1)
    covered = {
        (asked.method, re.sub("/1(?=/|$)", "/#", asked.path.rstrip("/")), name)
        for asked in naming(ones, await bodies(), ones)
        for name in (*asked.wish, *(name for rule in asked.wish.get("rules", ()) for name in rule))
    }
    lists = {each for each in found if each[0] == "GET" and each[2] == "account_id"}  # tried below
    assert {(method, re.sub(r"\{\w+\}", "#", path), name) for method, path, name in found - lists} <= covered


async def test_lists_filtered_by_anothers_account_answer_404(api, someone):
    anna, ben = await someone(), await someone()
    document = described()
    filtered = [
        path
        for path, operations in document["paths"].items()
        for parameter in operations.get("get", {}).get("parameters", ())
        if (parameter["in"], parameter["name"]) == ("query", "account_id")
    ]
    assert "/api/paper-trades" in filtered
    for path in filtered:
        answer = await anna.http.get(f"{path}/", params={"account_id": ben.account_id})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_account"), path


async def test_nobody_sees_lists_of_anybody(services, api, someone):
    anna = await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    made = (await anna.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))).json()
    listed = (await api.http.get("/api/paper-trades/")).json()["results"]
    assert made["id"] not in {trade["id"] for trade in listed}
    refused = await api.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))
    assert refused.status_code == 401
    session = (await api.http.get("/api/session/")).json()
    shown = (await api.http.get("/api/accounts/")).json()["results"]
    assert [account["id"] for account in shown] == [session["public_account_id"]]
    onto_public = order("SPOT", "BTCUSDT", price, account_id=session["public_account_id"])
    answer = await anna.http.post("/api/paper-trades/", json=onto_public)
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only_account")


async def test_every_route_says_what_it_needs(api):
    """Open and public routes are few and named here: anything new is closed until somebody opens it on purpose."""
    app = create_app(Settings(database_url="", redis_url="", login=Login.REQUIRED))
    free = {
        (method, route.path_format)
        for route in app.routes
        for method, (handler, *_) in getattr(route, "route_handler_map", {}).items()
        if method != "OPTIONS" and getattr(handler, "opt", {}).get("access") in ("open", "probe")
    }
    for method, path in sorted(free):
        assert re.match(OPEN, path), f"{method} {path} is open"
