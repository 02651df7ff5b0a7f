"""The public account: anybody reads it, and the setting says who trades on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from services.domain.market import Market
from services.settings import Writers
from services.usecases.context import Services
from tests.access.people import Person, newcomers, with_key
from tests.api.running import order, serving
from tests.api.sse import streaming

pytestmark = pytest.mark.asyncio(loop_scope="package")


class Open(NamedTuple):
    """An API whose public account some may trade on: its address, the account, and users to make."""

    url: str
    account_id: int
    someone: Any
    price: Any

    def nobody(self) -> httpx.AsyncClient:
        """A caller without a credential."""
        return httpx.AsyncClient(base_url=self.url, timeout=30)

    def wish(self, **changes: object) -> dict[str, object]:
        """A trade on the public account."""
        return order("SPOT", "BTCUSDT", self.price, account_id=self.account_id) | changes


@asynccontextmanager
async def written_by(services: Services, writers: Writers) -> AsyncIterator[Open]:
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    with serving(msgspec.structs.replace(services.settings, public_writers=writers)) as api:
        async with api.http, newcomers(services, api.url) as someone:
            session = (await api.http.get("/api/session/")).json()
            yield Open(api.url, session["public_account_id"], someone, price)


async def opened_edited_closed(http: httpx.AsyncClient, open_: Open) -> None:
    made = await http.post("/api/paper-trades/", json=open_.wish())
    assert (made.status_code, made.json()["account_id"]) == (201, open_.account_id), made.text
    url = f"/api/paper-trades/{made.json()['id']}/"
    edited = await http.patch(url, json={"stop_loss": str(round(open_.price / 3, 2)), "notes": "moved"})
    assert edited.status_code in (200, 202), edited.text
    closed = await http.post(f"{url}close_trade/", json={})
    assert closed.status_code in (200, 202), closed.text
    async with open_.nobody() as reader:
        assert (await reader.get(url)).json()["notes"] == "moved"


async def signal_of(person: Person, open_: Open, *, is_public: bool) -> tuple[int, int]:
    """The ids of a source and of a signal of it."""
    name = f"{person.name} {is_public}"
    wish = {"name": name, "is_public": is_public, "follow": False}
    source = await person.http.post("/api/sources/", json=wish)
    assert source.status_code == 201, source.text
    said = {"source": name, "market_type": "SPOT", "symbol": "BTCUSDT", "direction": "LONG"}
    levels = {"stop_loss": str(open_.price / 2), "take_profit": str(open_.price * 2)}
    signal = await person.http.post("/api/signals/", json=said | levels)
    assert signal.status_code == 201, signal.text
    return source.json()["id"], signal.json()["id"]


async def test_users_trade_on_it_and_nobody_in_particular_does_not(services):
    async with written_by(services, Writers.USERS) as open_:
        anna = await open_.someone()
        await opened_edited_closed(anna.http, open_)
        async with open_.nobody() as nobody:
            refused = await nobody.post("/api/paper-trades/", json=open_.wish())
            assert (refused.status_code, refused.json()["code"]) == (401, "login_required")
        async with httpx.AsyncClient(base_url=open_.url, cookies=dict(anna.http.cookies)) as page:
            refused = await page.post("/api/paper-trades/", json=open_.wish())
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        async with with_key(open_.url, (await anna.key("read"))["key"]) as reader:
            refused = await reader.post("/api/paper-trades/", json=open_.wish())
            assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_anyone_trades_on_it_and_on_no_other(services):
    async with written_by(services, Writers.ANYONE) as open_:
        anna = await open_.someone()
        await opened_edited_closed(anna.http, open_)
        hers = (await anna.http.post("/api/paper-trades/", json=open_.wish(account_id=anna.account_id))).json()
        async with open_.nobody() as nobody:
            await opened_edited_closed(nobody, open_)
            unnamed = await nobody.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", open_.price))
            assert unnamed.json()["account_id"] == open_.account_id
            onto_hers = await nobody.post("/api/paper-trades/", json=open_.wish(account_id=anna.account_id))
            assert (onto_hers.status_code, onto_hers.json()["code"]) == (404, "no_such_account")
            closed = await nobody.post(f"/api/paper-trades/{hers['id']}/close_trade/", json={})
            assert (closed.status_code, closed.json()["code"]) == (404, "no_such_trade")
            assert (await nobody.post("/api/accounts/", json={"name": "one more"})).status_code == 401


async def test_a_session_needs_its_page_and_one_that_has_ended_does_not_write_as_nobody(services):
    async with written_by(services, Writers.ANYONE) as open_:
        anna = await open_.someone()
        wish = order("SPOT", "BTCUSDT", open_.price)
        async with httpx.AsyncClient(base_url=open_.url, cookies=dict(anna.http.cookies)) as page:
            refused = await page.post("/api/paper-trades/", json=wish)
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
            assert (await anna.http.delete("/api/session/")).status_code == 204
            ended = await page.post("/api/paper-trades/", json=wish)
            assert (ended.status_code, ended.json()["code"]) == (401, "bad_credential")
            assert (await page.get("/api/paper-trades/")).status_code == 200, "who may read without a login still may"


async def test_the_same_key_of_two_strangers_makes_one_trade_and_never_hands_out_a_users(services):
    async with written_by(services, Writers.ANYONE) as open_:
        anna = await open_.someone()
        key = {"Idempotency-Key": f"the same of {anna.name}"}
        hers = await anna.http.post("/api/paper-trades/", json=open_.wish(notes="hers"), headers=key)
        assert hers.status_code == 201
        async with open_.nobody() as one, open_.nobody() as other:
            first = await one.post("/api/paper-trades/", json=open_.wish(notes="a"), headers=key)
            assert (first.status_code, first.json()["notes"]) == (201, "a"), "her key is her own"
            repeated = await other.post("/api/paper-trades/", json=open_.wish(notes="a"), headers=key)
            assert (repeated.status_code, repeated.json()["id"]) == (200, first.json()["id"])
            differing = await other.post("/api/paper-trades/", json=open_.wish(notes="b"), headers=key)
            assert (differing.status_code, differing.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize("writers", [Writers.USERS, Writers.ANYONE])
async def test_signals_are_traded_on_it_by_who_may_trade_on_it(services, writers):
    async with written_by(services, writers) as open_:
        anna, ben = await open_.someone(), await open_.someone()
        source, signal = await signal_of(anna, open_, is_public=True)
        private, secret = await signal_of(anna, open_, is_public=False)
        by_hand, on_public = "/api/paper-trades/create_from_signal/", {"account_id": open_.account_id}
        async with open_.nobody() as nobody:
            theirs = await nobody.post(by_hand, json=on_public | {"signal_id": signal})
            if writers is Writers.ANYONE:
                assert (theirs.status_code, theirs.json()["account_id"]) == (201, open_.account_id), theirs.text
            else:
                assert theirs.status_code == 401
            hidden = await nobody.post(by_hand, json=on_public | {"signal_id": secret})
            assert hidden.status_code in (401, 404)
        by_user = await ben.http.post(by_hand, json=on_public | {"signal_id": signal})
        expected = (409, "already_traded") if writers is Writers.ANYONE else (201, None)
        assert (by_user.status_code, by_user.json().get("code")) == expected, by_user.text
        followed = await ben.http.post(f"/api/sources/{source}/follow/", json=on_public)
        assert followed.status_code == 200, followed.text
        assert [each["account_id"] for each in followed.json()["follows"]] == [open_.account_id]
        assert (await anna.http.get(f"/api/sources/{source}/")).json()["follows"] == followed.json()["follows"]
        assert (await ben.http.post(f"/api/sources/{source}/unfollow/", json=on_public)).status_code == 204
        of_private = await anna.http.post(f"/api/sources/{private}/follow/", json=on_public)
        assert (of_private.status_code, of_private.json()["code"]) == (409, "private_source")


async def test_where_nobody_may_trade_on_it_signals_are_refused_as_trades_are(services):
    async with written_by(services, Writers.NOBODY) as open_:
        anna = await open_.someone()
        source, signal = await signal_of(anna, open_, is_public=True)
        on_public = {"account_id": open_.account_id}
        for path, wish in (
            ("paper-trades/", open_.wish()),
            ("paper-trades/create_from_signal/", on_public | {"signal_id": signal}),
            (f"sources/{source}/follow/", on_public),
            (f"sources/{source}/unfollow/", on_public),
        ):
            answer = await anna.http.post(f"/api/{path}", json=wish)
            assert (answer.status_code, answer.json()["code"]) == (403, "read_only_account"), path


async def test_its_events_come_to_a_user_who_names_it(services):
    async with written_by(services, Writers.ANYONE) as open_:
        anna, ben = await open_.someone(), await open_.someone()
        named = {"account_ids": str(open_.account_id)}
        ticket = (await anna.http.post("/api/events/tickets/", json={"account_ids": [anna.account_id]})).json()
        async with (
            open_.nobody() as nobody,
            streaming(anna.http, **named) as by_name,
            streaming(anna.http, account_ids=[anna.account_id, open_.account_id]) as both,  # type: ignore[arg-type]
            streaming(anna.http) as hers,
            streaming(nobody) as nobodys,
        ):
            made = (await nobody.post("/api/paper-trades/", json=open_.wish())).json()
            own = (await anna.http.post("/api/paper-trades/", json=open_.wish(account_id=anna.account_id))).json()
            for stream, first in ((by_name, made), (nobodys, made), (hers, own), (both, made)):
                assert await _trade_id(stream) == first["id"]
            while await _trade_id(both) != own["id"]:
                pass
        others = await anna.http.get("/api/events/", params={"account_ids": ben.account_id})
        assert (others.status_code, others.json()["code"]) == (404, "no_such_account")
        beyond = await anna.http.get("/api/events/", params=named | {"ticket": ticket["ticket"]})
        assert (beyond.status_code, beyond.json()["code"]) == (403, "ticket_for_others")


async def _trade_id(stream: Any) -> int:
    """Of the next trade that is told of."""
    while (event := await stream.next()).event != "paper_trade":
        pass
    return event.data["trade"]["id"]
