"""The event stream: nothing missed, nothing twice, whatever is cut, lost or slow."""

import asyncio
import random
import socket

import httpx
import psycopg
import pytest

from api.hub import JOINERS
from services.domain.market import Market, Quote
from tests.api.running import order, serving
from tests.api.sse import append, streaming, tell_all
from tests.servers import wait_until


def numbers(events):
    return [event.data["number"] for event in events]


async def test_a_trade_is_told_as_it_happens(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    async with streaming(api.http) as stream:
        opened = await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))
        event = await stream.next()
        assert event.event == "paper_trade"
        assert event.data == {"type": "paper_trade", "action": "opened", "trade": opened.json()}
        await api.http.post(f"/api/paper-trades/{opened.json()['id']}/close_trade/", json={})
        event = await stream.next()
        assert (event.data["action"], event.data["trade"]["status"]) == ("closed", "CLOSED_MANUAL")


async def test_without_an_id_it_starts_now_and_from_start_at_the_oldest(api, services):
    await append(services, 3)
    async with streaming(api.http) as now, streaming(api.http, **{"from": "start"}) as start:
        assert numbers(await start.take(3)) == [1, 2, 3]
        await append(services, 1)
        assert numbers(await now.take(1)) == [4]
        assert numbers(await start.take(1)) == [4]


async def test_a_ticket_holds_for_the_owner_of_this_machine_as_well(api, services):
    """Who needs no login may hand one out all the same: it opens what it names, once."""
    made = await api.http.post("/api/events/tickets/", json={"account_ids": [], "prices": "SPOT:BTCUSDT"})
    ticket = made.json()["ticket"]
    async with streaming(api.http, ticket=ticket) as narrow, streaming(api.http) as wide:
        await append(services, 1)
        assert numbers(await wide.take(1)) == [1]
        await tell_all(services)
        while not (event := await narrow.next()).id:
            assert event.event == "price"
        assert event.event == "instrument"
    again = await api.http.get("/api/events/", params={"ticket": ticket})
    assert (again.status_code, again.json()["code"]) == (401, "bad_credential")


async def test_a_lost_bell_costs_half_a_second_only(api, services):
    async with streaming(api.http) as stream:
        await append(services, 2, ring=False)
        assert numbers(await stream.take(2)) == [1, 2]


async def test_random_cuts_lose_and_repeat_nothing(api, services):
    """Eight readers, cut anywhere and resumed by their last id, while events come in bursts of any size."""
    total, dice = 1500, random.Random(5)

    async def write():
        written = 0
        while written < total:
            count = min(dice.choice([1, 1, 2, 7, 60, 400]), total - written)
            await append(services, count, ring=dice.random() < 0.7)
            written += count

    async def read(seed):
        cuts, seen, last_id = random.Random(seed), [], first_id
        while len(seen) < total:
            async with streaming(api.http, last_id=last_id) as stream:
                for _ in range(min(cuts.randint(1, 300), total - len(seen))):
                    event = await stream.next()
                    seen.append(event.data["number"])
                    last_id = event.id
        return seen

    epoch = (await api.http.get("/api/system/")).json()["epoch"]
    first_id = f"{epoch}:a1.0,market.0"
    *seen, _ = await asyncio.gather(*(read(seed) for seed in range(8)), write())
    assert seen == [list(range(1, total + 1))] * 8
    await wait_until(lambda: nobody_listens(api))


async def nobody_listens(api):
    return "paperfleet_stream_clients 0.0\n" in (await api.http.get("/metrics")).text


async def test_the_id_names_every_stream_and_may_come_as_a_parameter(api, services):
    await append(services, 2)
    async with streaming(api.http, **{"from": "start"}) as stream:
        first, second = await stream.take(2)
    assert second.id.endswith(":a1.2,market.0")
    async with streaming(api.http, last_event_id=first.id) as stream:
        assert numbers(await stream.take(1)) == [2]


async def test_an_id_of_another_history_is_answered_by_a_reset(api, services):
    await append(services, 3)
    for number, last_id in enumerate(["elsewhere:a1.1,market.0", "nonsense", "x:a1.99999999999999999999"], 4):
        async with streaming(api.http, last_id=last_id) as stream:
            event = await stream.next()
            assert (event.event, event.data["action"]) == ("reset", "epoch")
            await append(services, 1)
            assert numbers(await stream.take(1)) == [number]
        async with streaming(api.http, last_id=event.id) as stream:
            assert numbers(await stream.take(1)) == [number]


async def test_a_restored_database_resets_the_streams_that_are_open(api, services):
    await append(services, 1)
    async with streaming(api.http) as stream:
        async with services.pool.connection() as connection:
            await connection.execute("UPDATE system SET epoch = 'restored'")
        event = await stream.next()
        assert (event.event, event.data["action"], event.id) == ("reset", "epoch", "restored:a1.1,market.0")
        await append(services, 1)
        assert numbers(await stream.take(1)) == [2]


async def test_history_that_is_gone_is_a_reset_and_what_remains_is_not(api, services):
    await append(services, 10)
    epoch = (await api.http.get("/api/system/")).json()["epoch"]
    async with services.pool.connection() as connection:
        await connection.execute("DELETE FROM events WHERE seq <= 5")
    async with streaming(api.http, last_id=f"{epoch}:a1.5,market.0") as stream:
        assert numbers(await stream.take(5)) == [6, 7, 8, 9, 10]
    async with streaming(api.http, last_id=f"{epoch}:a1.4,market.0") as stream:
        event = await stream.next()
        assert (event.event, event.data["action"], event.id) == ("reset", "history", f"{epoch}:a1.10,market.0")
    async with streaming(api.http, last_id=f"{epoch}:a1.11,market.0") as stream:
        assert (await stream.next()).data["action"] == "history"
    async with streaming(api.http, **{"from": "start"}) as stream:
        assert numbers(await stream.take(1)) == [6]


async def test_a_reader_that_stalls_is_cut_and_others_never_wait(settings, services):
    with serving(settings, stall_seconds=1.0) as api:
        async with api.http, streaming(api.http) as reader:
            host, port = api.url.removeprefix("http://").split(":")
            connections = api.server.server_state.connections
            open_before = len(connections)
            with socket.create_connection((host, int(port))) as stalled:
                stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                stalled.sendall(f"GET /api/events/ HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
                await wait_until(lambda: len(connections) > open_before)
                await append(services, 4000, filling="x" * 2000)
                assert numbers(await reader.take(4000)) == list(range(1, 4001))
                await wait_until(lambda: len(connections) == open_before)


async def test_prices_come_for_what_is_asked_and_only_when_they_change(api, services):
    async def quote(market, symbol, last):
        known = await services.prices.one(market, symbol)
        changed = Quote(bid=known.bid, ask=known.ask, last=last, asked_at=known.asked_at)
        await services.prices.store(market, {symbol: changed})

    spot, futures = [(await services.prices.one(market, "ETHUSDT")).last for market in Market]
    async with streaming(api.http, prices="SPOT:ETHUSDT,positions") as stream:
        first = await stream.next()
        assert (first.event, first.id) == ("price", "")
        assert (first.data["price"]["symbol"], first.data["price"]["market_type"]) == ("ETHUSDT", "SPOT")
        await quote(Market.FUTURES, "ETHUSDT", futures + 1)
        await quote(Market.SPOT, "ETHUSDT", spot + 1)
        assert (await stream.next()).data["price"]["last"] == str(spot + 1)
        await api.http.post("/api/paper-trades/", json=order("FUTURES", "ETHUSDT", futures))
        received = await stream.take(3)
        assert {event.event for event in received} == {"paper_trade", "price"}
        assert str(futures + 1) in {event.data["price"]["last"] for event in received if event.event == "price"}


async def test_all_prices_are_those_of_every_listed_pair(api, services):
    listed = {
        (price["market_type"], price["symbol"]) for price in (await api.http.get("/api/prices/")).json()["results"]
    }
    async with streaming(api.http, prices="all") as stream:
        found = [event.data["price"] for event in await stream.take(len(listed))]
    assert {(price["market_type"], price["symbol"]) for price in found} == listed


async def test_every_stream_beats_beside_its_events_and_goes_on_from_its_last(api, services, monkeypatch):
    monkeypatch.setattr("api.hub.BEAT_SECONDS", 0.0)  # at every look
    async with streaming(api.http) as stream:
        for number in (1, 2):
            await append(services, 1)
            told = await stream.next()
            assert numbers([told]) == [number]
            beat = await stream.next_of_any_kind()
            assert (beat.id, beat.event, beat.data) == ("", "beat", {"type": "beat", "action": "beat"})
    await append(services, 1)
    async with streaming(api.http, last_id=told.id) as stream:
        assert numbers(await stream.take(1)) == [3]


async def test_streams_end_when_the_server_does(settings, services):
    with serving(settings) as api:
        async with api.http, streaming(api.http) as stream:
            api.server.should_exit = True
            with pytest.raises(StopAsyncIteration):
                await stream.next()


async def test_a_stream_asked_for_as_the_server_ends_is_told_where_to_resume(settings, services):
    await append(services, 3)
    with serving(settings) as api:
        async with api.http:
            epoch = (await api.http.get("/api/system/")).json()["epoch"]
            with psycopg.connect(settings.database_url) as holding:
                holding.execute("LOCK TABLE system")  # all wait: some for it, some for their turn to join
                asked = [asyncio.create_task(api.http.get("/api/events/")) for _ in range(JOINERS + 2)]
                await wait_until(lambda: len(api.server.server_state.tasks) == len(asked))
                api.server.should_exit = True
                await wait_until(lambda: not api.server.servers[0].is_serving())
            answers = await asyncio.gather(*asked)
    greeting = f"id: {epoch}:a1.3,market.0\nretry: 1000\n: welcome\n\n"
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, greeting)] * len(asked)


async def test_what_cannot_be_asked_is_refused(api):
    for query in ({"prices": "MOON:BTCUSDT"}, {"prices": "SPOT:"}, {"from": "yesterday"}):
        answer = await api.http.get("/api/events/", params=query)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert isinstance(answer, httpx.Response)
