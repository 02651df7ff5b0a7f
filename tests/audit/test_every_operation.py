"""Whatever changes something leaves a row in the audit log: every operation of the document, by who did it."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest

from api.contract import document
from tests.access.people import PASSWORD, Person, with_key
from tests.audit.people_at_work import Ground, fresh

pytestmark = pytest.mark.asyncio(loop_scope="module")

_NOTHING = "nothing is stored"
EXCEPTIONS = {
    "POST /api/paper-trades/preview": _NOTHING,
    "POST /api/signals/validate": _NOTHING,
    "POST /api/sources/{source_id}/validate_alert": _NOTHING,
    "POST /api/webhooks/{webhook_id}/test": "a message is sent, and nothing is stored",
    "POST /api/notifications/{target_id}/test": "a message is sent, and nothing is stored",
    "POST /api/accounts/{account_id}/mode/token": "a question; what its answer changes is in the log",
    "POST /api/events/tickets": "it opens one stream, for reading, within half a minute",
}
"""Operations that leave no row, and why."""
OPERATIONS = sorted(
    f"{method.upper()} {path}"
    for path, operations in json.loads(document())["paths"].items()
    for method in operations
    if method != "get"
)
WHY = {"reason": "the market data looks wrong"}


class Ask(msgspec.Struct, kw_only=True):
    """What is asked, and by whom; `via` and `user_id` as the log shall have them, if not as the session says.

    What the path names is made afresh where `names` does not tell it.
    """

    by: Person | httpx.AsyncClient
    body: Any = None
    content: str | None = None
    names: dict[str, object] = {}
    user_id: int | None = None
    via: str = ""


Made = Callable[[Ground], Awaitable[Ask]]
CASES: dict[str, Made] = {}


def case(*labels: str) -> Callable[[Made], Made]:
    def kept(made: Made) -> Made:
        CASES.update(dict.fromkeys(labels, made))
        return made

    return kept


def by_anna(label: str, body: object = None) -> None:
    async def made(ground: Ground) -> Ask:
        return Ask(by=ground.anna, body=body)

    CASES[label] = made


def by_admin(label: str, body: object = None) -> None:
    async def made(ground: Ground) -> Ask:
        return Ask(by=ground.admin, body=body)

    CASES[label] = made


by_anna("POST /api/paper-trades/{trade_id}/close_trade", {})
by_anna("PUT /api/paper-trades/{trade_id}/notes", {"notes": "why"})
by_anna("PATCH /api/accounts/{account_id}", {"max_leverage": 5})
by_anna("POST /api/accounts/{account_id}/deposits", {"amount": "5"})
by_anna("POST /api/accounts/{account_id}/reset", {})
by_anna("POST /api/accounts/{account_id}/links", {"name": "a link"})
by_anna("DELETE /api/accounts/{account_id}/links/{link_id}")
by_anna("POST /api/keys", {"name": "bot", "scopes": ["read"]})
by_anna("POST /api/keys/{key_id}/rotate", {})
by_anna("DELETE /api/keys/{key_id}")
by_anna("DELETE /api/webhooks/{webhook_id}")
by_anna("PATCH /api/webhooks/{webhook_id}", {"description": "another"})
by_anna("POST /api/webhooks/{webhook_id}/rotate")
by_anna("POST /api/webhooks/{webhook_id}/verify")
by_anna("DELETE /api/notifications/{target_id}")
by_anna("PATCH /api/notifications/{target_id}", {"enabled": False})
for outlet in ("webhooks/{webhook_id}", "notifications/{target_id}"):
    by_anna(f"POST /api/{outlet}/replay", {"all_dead": True})
    by_anna(f"POST /api/{outlet}/drop", {"all_dead": True})
by_anna("PATCH /api/sources/{source_id}", {"auto_trade": False})
by_anna("POST /api/sources/{source_id}/follow", {"risk_percent": "1"})
by_anna("POST /api/sources/{source_id}/unfollow", {})
by_anna("POST /api/sources/{source_id}/rotate_secret")
by_anna("POST /api/signals/{signal_id}/cancel")
by_admin("PATCH /api/users/{user_id}", {"disabled": True})
by_admin("POST /api/users/invitations", {})
by_admin("DELETE /api/users/invitations/{invitation_id}")
by_admin("POST /api/system/dead-letters/{letter}/retry")
by_admin("DELETE /api/system/dead-letters/{letter}")
by_admin("DELETE /api/system/quarantined-messages")
by_admin("DELETE /api/system/quarantined-prices/{key}")
by_admin("POST /api/system/quarantined-prices/{key}/believe")
by_admin("POST /api/system/reconcile")
by_admin("PUT /api/system/halts/{what}", WHY)


@case("POST /api/paper-trades")
async def _open(ground: Ground) -> Ask:
    made = await ground.anna.key("read", "trade")
    program = with_key(ground.api.url, made["key"])
    return Ask(by=program, body=ground.order(), via=f"key {made['id']}", user_id=ground.anna.session["user_id"])


@case("POST /api/paper-trades/create_from_signal")
async def _from_signal(ground: Ground) -> Ask:
    return Ask(by=ground.anna, body={"signal_id": await ground.signal_id()})


@case("PATCH /api/paper-trades/{trade_id}")
async def _edit(ground: Ground) -> Ask:
    return Ask(by=ground.anna, body={"stop_loss": str(ground.price / 3)})


@case("POST /api/paper-trades/{trade_id}/cancel_trade")
async def _cancel(ground: Ground) -> Ask:
    resting = await ground.trade_id(entry_type="LIMIT", entry_price=str(ground.price * 3 / 4))
    return Ask(by=ground.anna, names={"trade_id": resting})


@case("POST /api/paper-trades/{trade_id}/void")
async def _void(ground: Ground) -> Ask:
    trade_id = await ground.trade_id()
    await ground.made(f"/api/paper-trades/{trade_id}/close_trade/", {})
    return Ask(by=ground.admin, names={"trade_id": trade_id}, body=WHY)


@case("POST /api/accounts")
async def _account(ground: Ground) -> Ask:
    return Ask(by=ground.anna, body={"name": fresh("account")})


@case("POST /api/session")
async def _sign_in(ground: Ground) -> Ask:
    body = {"name": ground.anna.name, "password": PASSWORD}
    nobody = httpx.AsyncClient(base_url=ground.api.url)
    return Ask(by=nobody, body=body, via="anonymous", user_id=ground.anna.session["user_id"])


@case("DELETE /api/session", "DELETE /api/session/all")
async def _sign_out(ground: Ground) -> Ask:
    return Ask(by=await ground.someone())


@case("POST /api/session/password")
async def _password(ground: Ground) -> Ask:
    return Ask(by=await ground.someone(), body={"password": PASSWORD, "new_password": "another long one"})


@case("POST /api/session/invitation")
async def _invited(ground: Ground) -> Ask:
    token = (await ground.made("/api/users/invitations/", {}, ground.admin))["token"]
    body = {"token": token, "name": fresh("invited"), "password": PASSWORD}
    return Ask(by=httpx.AsyncClient(base_url=ground.api.url), body=body, via="anonymous")


async def _live(ground: Ground, by: Person) -> tuple[int, dict[str, object]]:
    """The account, and the body with which it goes live."""
    account_id, webhook_id = await ground.account_id(), await ground.webhook_id()
    asked = await ground.made(f"/api/accounts/{account_id}/mode/token/", {"webhook_id": webhook_id}, by)
    return account_id, {"webhook_id": webhook_id, "token": asked["token"], "phrase": asked["phrase"]}


@case("POST /api/accounts/{account_id}/mode/live")
async def _go_live(ground: Ground) -> Ask:
    """By an admin, of another's account."""
    account_id, body = await _live(ground, ground.admin)
    return Ask(by=ground.admin, names={"account_id": account_id}, body=body)


@case("POST /api/accounts/{account_id}/mode/paper")
async def _go_paper(ground: Ground) -> Ask:
    account_id, body = await _live(ground, ground.anna)
    await ground.made(f"/api/accounts/{account_id}/mode/live/", body)
    return Ask(by=ground.admin, names={"account_id": account_id})


@case("POST /api/webhooks")
async def _webhook(ground: Ground) -> Ask:
    await ground.query("DELETE FROM outlets")
    return Ask(by=ground.anna, body={"url": ground.endpoint})


@case("POST /api/notifications")
async def _target(ground: Ground) -> Ask:
    await ground.query("DELETE FROM outlets")
    return Ask(by=ground.anna, body={"url": "discord://hidden_id/hidden_token"})


@case("POST /api/sources")
async def _source(ground: Ground) -> Ask:
    return Ask(by=ground.anna, body={"name": fresh("source")})


@case("POST /api/signals")
async def _say(ground: Ground) -> Ask:
    name = (await ground.made("/api/sources/", {"name": fresh("source")}))["name"]
    return Ask(by=ground.anna, body=ground.said(name))


@case("POST /api/signals/import")
async def _import(ground: Ground) -> Ask:
    return Ask(by=ground.anna, content="symbol,side,sl,tp\nBTCUSDT,buy,2%,4%\n")


@case("POST /api/webhooks/in/{secret}")
async def _alert(ground: Ground) -> Ask:
    secret = await ground.secret()
    nobody = httpx.AsyncClient(base_url=ground.api.url)
    via = f"source {secret.split('-')[0]}"
    said = "symbol=BTCUSDT side=long sl=2% tp=4%"
    user_id = ground.anna.session["user_id"]
    return Ask(by=nobody, names={"secret": secret}, content=said, via=via, user_id=user_id)


@case("DELETE /api/system/halts/{what}")
async def _lift(ground: Ground) -> Ask:
    what = await ground.what()
    assert (await ground.admin.http.put(f"/api/system/halts/{what}/", json=WHY)).is_success
    return Ask(by=ground.admin, names={"what": what})


@case("POST /api/system/kill")
async def _kill(ground: Ground) -> Ask:
    return Ask(by=ground.admin, body=WHY)


async def test_every_operation_has_a_case_or_a_reason():
    assert sorted([*CASES, *EXCEPTIONS]) == OPERATIONS
    assert len(OPERATIONS) > 50


@pytest.mark.parametrize("label", OPERATIONS)
async def test_it_is_in_the_log_who_did_it(ground, label):
    if label in EXCEPTIONS:
        return
    asked = await CASES[label](ground)
    method, path = label.split()
    names = {name: asked.names.get(name) or await ground.owned(name) for name in re.findall(r"\{(\w+)\}", path)}
    who = (asked.user_id, asked.via, "127.0.0.1")
    http = asked.by
    if isinstance(asked.by, Person):
        http = asked.by.http
        session = (await http.get("/api/session/")).json()
        who = (session["user_id"], session["via"], "127.0.0.1")
    last = await last_row(ground)
    answer = await http.request(method, path.format(**names) + "/", json=asked.body, content=asked.content)
    assert answer.is_success, (label, answer.text)
    rows = await ground.query("SELECT user_id, via, address FROM audit_log WHERE id > %s", last)
    assert who in rows, (label, rows)
    for what in ("new_trades", "fleet"):
        await ground.query("DELETE FROM halts WHERE what = %s", what)
    if http not in (ground.anna.http, ground.admin.http):
        await http.aclose()


async def last_row(ground: Ground) -> int:
    ((last,),) = await ground.query("SELECT coalesce(max(id), 0) FROM audit_log")
    return last
