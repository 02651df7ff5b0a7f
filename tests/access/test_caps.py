"""What a user may have is bounded: accounts, keys, sources, links, live trades; and the time of their statements."""

import asyncio
from typing import Any, NamedTuple

import msgspec
import psycopg
import pytest

from services.bootstrap import build
from services.domain.market import Market
from services.usecases.manage_accounts import ACCOUNTS_MAX
from services.usecases.manage_keys import KEYS_MAX
from services.usecases.outlet_rules import OUTLETS_MAX
from services.usecases.share_account import LINKS_MAX
from services.usecases.sources import SOURCES_MAX
from tests.access.people import PASSWORD, Person
from tests.api.running import order, serving
from tests.described import described
from tests.servers import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="package")

RELATIONS = ("trades", "results")
"""What sums over closed trades are read from."""


async def sql(services, statement: str, **values: object) -> None:
    async with services.pool.connection() as connection:
        await connection.execute(statement, values)


async def last_and_beyond(person: Person, path: str, first: dict[str, object], second: dict[str, object]) -> str:
    """What the one after the last that may be is refused with."""
    last = await person.http.post(path, json=first)
    assert last.status_code == 201, last.text
    beyond = await person.http.post(path, json=second)
    assert beyond.status_code == 409, beyond.text
    return beyond.json()["code"]


async def give_named(services, table: str, person: Person, count: int) -> None:
    """So many rows of a table that asks for a name only."""
    statement = (
        f"INSERT INTO {table} (user_id, name) SELECT %(user)s, 'number ' || n FROM generate_series(1, %(count)s) n"
    )
    await sql(services, statement, user=person.session["user_id"], count=count)


_SAID = {
    "market_type": "SPOT",
    "symbol": "BTCUSDT",
    "direction": "LONG",
    "stop_loss_percent": "5",
    "take_profits": [{"percent": "5"}],
}


class Capped(NamedTuple):
    """How one is asked for, `{n}` apart, and the rows of those that are there before, %(n)s of user %(user)s."""

    path: str
    body: dict[str, Any]
    most: int
    code: str
    rows: str


_NUMBERS = "FROM generate_series(1, %(n)s::int) n"
_NAMED = "INSERT INTO {} (user_id, name) SELECT %(user)s, 'number ' || n " + _NUMBERS
_OUTLET = (
    "INSERT INTO outlets (user_id, kind, secret_url, secret) SELECT %(user)s, '{}', 'https://example.com/', {} "
    + _NUMBERS
)
CAPPED = {
    "accounts": Capped(
        "/api/accounts/", {"name": "new {n}"}, ACCOUNTS_MAX - 1, "too_many_accounts", _NAMED.format("accounts")
    ),
    "keys": Capped(
        "/api/keys/",
        {"name": "new {n}"},
        KEYS_MAX,
        "too_many_keys",
        f"""INSERT INTO api_keys (user_id, key_id, secret_hash, name, scopes)
            SELECT %(user)s, lpad(%(user)s || 'k' || n, 8, '0'), sha256('x'), 'a key', '{{read}}' {_NUMBERS}""",
    ),
    "links": Capped(
        "/api/accounts/{account_id}/links/",
        {"name": "new {n}"},
        LINKS_MAX,
        "too_many_links",
        f"""INSERT INTO public_links (account_id, token_hash, name)
            SELECT %(account)s, sha256((%(account)s || '-' || n)::bytea), 'a link' {_NUMBERS}""",
    ),
    "sources": Capped("/api/sources/", {"name": "new {n}"}, SOURCES_MAX, "too_many_sources", _NAMED.format("sources")),
    "sources by name": Capped(
        "/api/signals/", _SAID | {"source": "new {n}"}, SOURCES_MAX, "too_many_sources", _NAMED.format("sources")
    ),
    "webhooks": Capped(
        "/api/webhooks/",
        {"url": "https://example.com/{n}"},
        OUTLETS_MAX,
        "too_many_outlets",
        _OUTLET.format("webhook", "'whsec_x'"),
    ),
    "notifications": Capped(
        "/api/notifications/",
        {"url": "discord://an_id_{n}/a_token"},
        OUTLETS_MAX,
        "too_many_outlets",
        _OUTLET.format("notification", "NULL"),
    ),
}


@pytest.mark.parametrize("capped", CAPPED.values(), ids=CAPPED)
async def test_of_two_who_ask_for_the_last_one_at_once_one_gets_it(services, someone, capped):
    anna = await someone()
    user, path = anna.session["user_id"], capped.path.format(account_id=anna.account_id)
    await sql(services, capped.rows, user=user, account=anna.account_id, n=capped.most - 1)
    bodies = [{name: _numbered(value, n) for name, value in capped.body.items()} for n in (1, 2)]
    with psycopg.connect(services.settings.database_url) as other:
        # Whoever adds something to a user or an account waits here: both come as far as they do without each other.
        for table, id_ in (("users", user), ("accounts", anna.account_id)):
            other.execute(f"SELECT FROM {table} WHERE id = %s FOR UPDATE", [id_])
        asked = [asyncio.create_task(anna.http.post(path, json=body)) for body in bodies]
        await wait_until(lambda: waiting(services.settings.database_url) == 2)
        other.rollback()
        answers = [await each for each in asked]
    got, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (got.status_code, refused.status_code) == (201, 409), (got.text, refused.text)
    assert refused.json()["code"] == capped.code


def _numbered(value: object, n: int) -> object:
    return value.replace("{n}", str(n)) if isinstance(value, str) else value


async def test_a_user_has_so_many_accounts_and_no_more(services, someone):
    anna, ben = await someone(), await someone()
    await give_named(services, "accounts", anna, ACCOUNTS_MAX - 2)
    code = await last_and_beyond(anna, "/api/accounts/", {"name": "the last"}, {"name": "one more"})
    assert (ACCOUNTS_MAX, code) == (20, "too_many_accounts")
    assert (await ben.http.post("/api/accounts/", json={"name": "one more"})).status_code == 201


async def test_a_user_holds_so_many_keys_and_no_more(services, someone):
    anna, ben = await someone(), await someone()
    await sql(
        services,
        """INSERT INTO api_keys (user_id, key_id, secret_hash, name, scopes)
           SELECT %(user)s, lpad(n::text, 8, '0'), sha256('x'), 'a key', '{read}'
           FROM generate_series(1, %(count)s) n""",
        user=anna.session["user_id"],
        count=KEYS_MAX - 1,
    )
    code = await last_and_beyond(anna, "/api/keys/", {"name": "the last"}, {"name": "one more"})
    assert (KEYS_MAX, code) == (50, "too_many_keys")
    (newest, *_) = (await anna.http.get("/api/keys/")).json()["results"]
    rotated = await anna.http.post(f"/api/keys/{newest['id']}/rotate/", json={})
    assert (rotated.status_code, rotated.json()["code"]) == (409, "too_many_keys"), "nor by rotation"
    await anna.http.delete(f"/api/keys/{newest['id']}/")
    assert await anna.key("read"), "one that is revoked makes room"
    assert await ben.key("read")


async def test_a_user_holds_so_many_public_links_and_no_more(services, someone):
    anna = await someone()
    second = (await anna.http.post("/api/accounts/", json={"name": "second"})).json()["id"]
    await sql(
        services,
        """INSERT INTO public_links (account_id, token_hash, name)
           SELECT %(account)s, sha256((%(account)s || '-' || n)::bytea), 'a link'
           FROM generate_series(1, %(count)s::int) n""",
        account=second,
        count=LINKS_MAX - 1,
    )
    path = f"/api/accounts/{anna.account_id}/links/"
    code = await last_and_beyond(anna, path, {"name": "the last"}, {"name": "one more"})
    assert (LINKS_MAX, code) == (50, "too_many_links"), "over all accounts"
    (mine,) = (await anna.http.get(path)).json()["results"]
    assert (await anna.http.delete(f"{path}{mine['id']}/")).status_code == 204
    assert (await anna.http.post(path, json={"name": "another"})).status_code == 201


async def test_a_user_has_so_many_sources_and_no_more(services, someone):
    anna, ben = await someone(), await someone()
    await give_named(services, "sources", anna, SOURCES_MAX - 1)
    code = await last_and_beyond(anna, "/api/sources/", {"name": "the last"}, {"name": "one more"})
    assert (SOURCES_MAX, code) == (50, "too_many_sources")
    by_name = await anna.http.post("/api/signals/", json=_SAID | {"source": "made at first use"})
    assert (by_name.status_code, by_name.json()["code"]) == (409, "too_many_sources")
    tried = await anna.http.post("/api/signals/validate/", json=_SAID | {"source": "tried out"})
    assert (tried.status_code, tried.json()["code"]) == (409, "too_many_sources")
    file = {
        "content": b"symbol,side\n",
        "headers": {"Content-Type": "text/csv"},
        "params": {"source": "made by a file"},
    }
    imported = await anna.http.post("/api/signals/import", **file)
    assert (imported.status_code, imported.json()["code"]) == (409, "too_many_sources")
    paths = described()["paths"]
    for path in ("/api/signals", "/api/signals/validate", "/api/signals/import"):
        assert "409" in paths[path]["post"]["responses"], path
    assert (await anna.http.post("/api/signals/", json=_SAID | {"source": "the last"})).status_code == 201
    assert (await ben.http.post("/api/sources/", json={"name": "one more"})).status_code == 201


async def test_a_user_has_so_many_live_trades_and_no_more(services, someone):
    anna, ben = await someone(), await someone()
    second = (await anna.http.post("/api/accounts/", json={"name": "second"})).json()["id"]
    with serving(msgspec.structs.replace(services.settings, open_trades_per_user=1)) as api:
        hers, his = Person(api.url, anna.name), Person(api.url, ben.name)
        for each in (hers, his):
            await each.sign_in(PASSWORD)
        wishes = [
            order("SPOT", symbol, (await services.prices.one(Market.SPOT, symbol)).last) | {"account_id": account_id}
            for symbol, account_id in (("BTCUSDT", anna.account_id), ("ETHUSDT", second))
        ]
        with psycopg.connect(services.settings.database_url) as other:
            # Both come as far as their accounts, and no further: whoever counts before that has not seen the other one.
            other.execute("SELECT FROM accounts WHERE id = ANY(%s) FOR UPDATE", [[anna.account_id, second]])
            asked = [asyncio.create_task(hers.http.post("/api/paper-trades/", json=wish)) for wish in wishes]
            await wait_until(lambda: waiting(services.settings.database_url) == 2)
            other.rollback()
            answers = [await each for each in asked]
        opened, refused = sorted(answers, key=lambda answer: answer.status_code)
        assert (opened.status_code, refused.status_code) == (201, 409), "over all accounts, opened at once or not"
        assert refused.json()["code"] == "too_many_open_trades"
        assert refused.json()["numbers"] == {"open_trades": "1", "open_trades_per_user": "1"}
        assert (await his.http.post("/api/paper-trades/", json=wishes[0] | {"account_id": None})).status_code == 201
        closed = await hers.http.post(f"/api/paper-trades/{opened.json()['id']}/close_trade/", json={})
        assert closed.status_code == 200
        assert (await hers.http.post("/api/paper-trades/", json=wishes[0])).status_code == 201
        for each in (hers, his, api):
            await each.http.aclose()


def waiting(url: str, seconds: float = 0) -> int:
    """How many statements have waited for a lock for so long."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
               AND clock_timestamp() - query_start > make_interval(secs => %s)""",
            [seconds],
        ).fetchone()
    assert found is not None
    return int(found[0])


async def test_a_statement_of_a_caller_has_two_seconds(login_settings, someone):
    """One that waits for another request with the same key is the slowest that a caller can make."""
    async with build(login_settings, name="test callers", for_callers=True) as built:
        for pool, seconds in ((built.pool, "2s"), (built.system_pool, "10s")):
            async with pool.connection() as connection:
                assert await (await connection.execute("SHOW statement_timeout")).fetchone() == (seconds,)
    anna = await someone()
    wish, key = {"name": "a key", "scopes": ["read"]}, {"Idempotency-Key": "at once"}
    with psycopg.connect(login_settings.database_url) as other:
        other.execute(
            "INSERT INTO idempotency (scope, key, request_hash, user_id) VALUES (%s, 'at once', '', %s)",
            [f"key:{anna.session['user_id']}", anna.session["user_id"]],
        )
        answer = await anna.http.post("/api/keys/", json=wish, headers=key)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True), answer.text
        other.rollback()
    assert (await anna.http.post("/api/keys/", json=wish, headers=key)).status_code == 201


async def test_sums_over_every_trade_may_take_longer(login_settings, someone):
    anna = await someone()
    source = (await anna.http.post("/api/sources/", json={"name": "long"})).json()["id"]
    with psycopg.connect(login_settings.database_url) as other:
        for relation in RELATIONS:
            other.execute(f"LOCK TABLE {relation} IN ACCESS EXCLUSIVE MODE")
        paths = ("/api/paper-trades/performance/", f"/api/sources/{source}/scorecard/", "/api/sources/scorecards/")
        asked = [asyncio.create_task(anna.http.get(path)) for path in paths]
        await wait_until(lambda: waiting(login_settings.database_url, seconds=2.5) == len(paths))
        other.rollback()
        assert [(await each).status_code for each in asked] == [200] * len(paths)
