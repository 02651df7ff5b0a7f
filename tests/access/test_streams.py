"""Streams where login is required: tickets, what they show, their number, and their end."""

import asyncio
import json
from contextlib import AsyncExitStack

import httpx
import pytest

from services.domain.market import Market
from tests.access.people import Person, with_key
from tests.api.running import order, serving
from tests.api.sse import streaming, tell_all
from tests.servers import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_ticket_opens_one_stream_once(services, api, someone):
    anna = await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    reading = await anna.key("read")
    async with with_key(api.url, reading["key"]) as program:
        ticket = (await program.post("/api/events/tickets/")).json()["ticket"]
    async with httpx.AsyncClient(base_url=api.url) as browser:
        async with streaming(browser, ticket=ticket) as stream:
            made = (await anna.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))).json()
            assert (await stream.next()).data["trade"]["id"] == made["id"]
        for used in (ticket, "0" * 43):
            again = await browser.get("/api/events/", params={"ticket": used})
            assert (again.status_code, again.json()["code"]) == (401, "bad_credential")
        elsewhere = (await anna.http.post("/api/events/tickets/")).json()["ticket"]
        assert (await browser.get("/api/keys/", params={"ticket": elsewhere})).status_code == 401


async def test_a_ticket_for_some_channels_opens_no_others(services, api, someone):
    anna = await someone()
    second = (await anna.http.post("/api/accounts/", json={"name": "second"})).json()["id"]
    mine, other = [await made_source(anna, name) for name in ("mine", "other")]

    async def ticket(**channels: object) -> str:
        answer = await anna.http.post("/api/events/tickets/", json=channels)
        assert answer.status_code == 201, answer.text
        return answer.json()["ticket"]

    async def opened(ticket: str, **query: str) -> set[str]:
        """The streams whose places the first event names; a pair came to be listed a moment ago."""
        async with streaming(api.http, ticket=ticket, **query) as stream:
            await tell_all(services)
            while not (first := await stream.next()).id:
                assert first.event == "price"
            return {place.split(".")[0] for place in first.id.split(":")[1].split(",")}

    accounts, sources = {f"a{anna.account_id}", f"a{second}"}, {f"s{mine}", f"s{other}"}
    assert await opened(await ticket()) == {*accounts, *sources, "market"}
    assert await opened(await ticket(account_ids=[second])) == {f"a{second}", "market"}
    assert await opened(await ticket(sources=[mine, other])) == {*sources, "market"}
    assert await opened(await ticket(sources=[mine, other]), sources=str(mine)) == {f"s{mine}", "market"}
    assert await opened(await ticket(prices="SPOT:BTCUSDT")) == {"market"}
    assert await opened(await ticket(account_ids=[])) == {"market"}, "none of them, and not all"
    assert await opened(await ticket(prices="all"), prices="SPOT:BTCUSDT") == {"market"}
    async with streaming(api.http, ticket=await ticket(prices="SPOT:BTCUSDT")) as stream:
        assert (await stream.next()).data["price"]["symbol"] == "BTCUSDT", "without being asked for again"
    for channels, beyond in (
        ({"account_ids": [second]}, {"sources": mine}),
        ({"account_ids": [second]}, {"prices": "positions"}),
        ({"sources": [mine]}, {"sources": [mine, other]}),
        ({"sources": [mine]}, {"prices": "SPOT:BTCUSDT"}),
        ({"prices": "SPOT:BTCUSDT"}, {"prices": "SPOT:BTCUSDT,SPOT:ETHUSDT"}),
        ({"prices": "SPOT:BTCUSDT"}, {"prices": "all"}),
        ({"prices": "SPOT:BTCUSDT"}, {"sources": mine}),
        ({"prices": "all"}, {"prices": "positions"}),
    ):
        async with api.http.stream(
            "GET", "/api/events/", params={"ticket": await ticket(**channels)} | beyond
        ) as answer:
            assert answer.status_code == 403, (channels, beyond)
            assert json.loads(await answer.aread())["code"] == "ticket_for_others"
    nobodys = [{"prices": "positions"}, {"prices": "SPOT:BTCUSDT,positions", "account_ids": []}]
    for unknown in ({"prices": "MOON:BTCUSDT"}, {"prices": "all,positions"}, {"streams": ["a1"]}, *nobodys):
        assert (await anna.http.post("/api/events/tickets/", json=unknown)).status_code == 422, unknown


async def made_source(person: Person, name: str) -> int:
    answer = await person.http.post("/api/sources/", json={"name": f"{person.name} {name}"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_a_ticket_opens_nothing_once_its_credential_is_gone(api, someone):
    anna = await someone()
    key = await anna.key("read")
    async with with_key(api.url, key["key"]) as program:
        of_key = (await program.post("/api/events/tickets/")).json()["ticket"]
    of_session = (await anna.http.post("/api/events/tickets/")).json()["ticket"]
    assert (await anna.http.delete(f"/api/keys/{key['id']}/")).status_code == 204
    assert (await anna.http.delete("/api/session/")).status_code == 204
    for ticket in (of_key, of_session):
        answer = await api.http.get("/api/events/", params={"ticket": ticket})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_credential")


async def test_a_key_in_an_address_is_no_credential(api, someone):
    """Addresses end up in logs and histories."""
    anna = await someone()
    key = (await anna.key("read", "trade"))["key"]
    for name in ("key", "api_key", "token", "access_token", "authorization", "ticket"):
        answer = await api.http.get("/api/sources/", params={name: key})
        assert (answer.status_code, answer.json()["code"]) == (401, "login_required"), name
    as_ticket = await api.http.get("/api/events/", params={"ticket": key})
    assert (as_ticket.status_code, as_ticket.json()["code"]) == (401, "bad_credential")


async def test_a_stream_shows_nothing_of_others(services, api, someone):
    anna, ben = await someone(), await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    async with streaming(anna.http) as hers, streaming(api.http) as nobodys:
        await ben.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))
        made = (await anna.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))).json()
        first = await hers.next()
        assert first.data["trade"]["id"] == made["id"]
        streams = {place.split(".")[0] for place in first.id.split(":")[1].split(",")}
        assert streams == {f"a{anna.account_id}", "market"}
        with pytest.raises(TimeoutError):
            await nobodys.next_within(0.3)


async def test_a_stream_ends_with_its_session_and_with_its_key(api, someone):
    anna = await someone()
    key = await anna.key("read")
    async with (
        with_key(api.url, key["key"]) as program,
        streaming(program) as by_key,
        streaming(anna.http) as by_cookie,
    ):
        await anna.http.delete(f"/api/keys/{key['id']}/")
        with pytest.raises(StopAsyncIteration):
            await by_key.next()
        await anna.http.delete("/api/session/all/")
        with pytest.raises(StopAsyncIteration):
            await by_cookie.next()


async def test_a_new_account_ends_the_stream_which_then_comes_back_with_it(services, someone):
    anna = await someone()
    async with streaming(anna.http) as stream:
        await anna.http.post(f"/api/accounts/{anna.account_id}/deposits/", json={"amount": "5"})
        last_id = (await stream.next()).id
        second = (await anna.http.post("/api/accounts/", json={"name": "second"})).json()["id"]
        with pytest.raises(StopAsyncIteration):
            await stream.next()
    async with streaming(anna.http, last_id=last_id) as stream:
        await anna.http.post(f"/api/accounts/{second}/deposits/", json={"amount": "5"})
        for action in ("created", "deposited"):
            event = await stream.next()
            assert (event.event, event.data["action"], event.data["account"]["id"]) == ("account", action, second)


async def test_a_user_holds_so_many_streams_and_no_more(services, api, someone):
    anna, ben = await someone(), await someone()
    assert services.settings.streams_per_user == 5
    async with AsyncExitStack() as held:
        for _ in range(services.settings.streams_per_user):
            await held.enter_async_context(streaming(anna.http))
        one_more = await anna.http.get("/api/events/")
        assert (one_more.status_code, one_more.json()["code"]) == (429, "too_many_streams")
        await held.enter_async_context(streaming(ben.http))


async def test_streams_are_counted_over_all_processes_however_many_are_asked_for_at_once(services, api, someone):
    anna = await someone()
    most = services.settings.streams_per_user
    with serving(services.settings) as second:
        async with AsyncExitStack() as closing, second.http:
            asked = [anna.http.build_request("GET", f"{url}/api/events/") for url in (api.url, second.url) * 2 * most]
            answers = await asyncio.gather(*(anna.http.send(request, stream=True) for request in asked))
            for answer in answers:
                closing.push_async_callback(answer.aclose)
            assert sorted(answer.status_code for answer in answers) == [200] * most + [429] * 3 * most
            assert not await _opens(anna.http, second.url)
        await wait_until(lambda: _opens(anna.http, second.url))


async def _opens(http: httpx.AsyncClient, url: str) -> bool:
    async with http.stream("GET", f"{url}/api/events/") as answer:
        return answer.status_code == 200
