"""Sources where logins are required: a stranger sees the public ones, and nothing that another's account decided."""

import asyncio
import threading
from collections.abc import Sequence

import httpx
import pytest

from api import hub
from services.db import follows
from services.usecases.identify import Identifier
from services.usecases.sources import Asking, edit_source
from services.usecases.trade_signals import trade_signals
from tests.api.sse import Stream, streaming

pytestmark = pytest.mark.asyncio(loop_scope="package")
ALERT = b"symbol=BTCUSDT.P side=buy sl=10% tp=20%"


async def test_a_public_source_is_followed_by_others_and_a_private_one_does_not_exist(services, api, someone):
    ada, ben = await someone(), await someone()
    source = (await ada.http.post("/api/sources/", json={"name": "alerts", "is_public": True})).json()
    secret = (await ada.http.post(f"/api/sources/{source['id']}/rotate_secret/")).json()
    url = f"/api/sources/{source['id']}/"
    followed = await ben.http.post(f"{url}follow/", json={"position_size": "5000000"})
    assert (followed.status_code, followed.json()["is_own"]) == (200, False), followed.text
    assert (await ben.http.patch(url, json={"auto_trade": False})).status_code == 404
    assert (await ben.http.post(f"{url}rotate_secret/")).status_code == 404
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as nobody:
        posted = await nobody.post(secret["path"], content=ALERT)
        assert posted.status_code == 202, posted.text
        assert (await nobody.get(url)).status_code == 401
    await trade_signals(services)
    path = f"/api/signals/{posted.json()['signal_id']}/"
    hers, his = (await ada.http.get(path)).json(), (await ben.http.get(path)).json()
    assert [(each["outcome"], each["code"]) for each in hers["decisions"]] == [("accepted", None)]
    assert (hers["status"], hers["payload"], his["payload"]) == ("EXECUTED", ALERT.decode(), None)
    assert [each["code"] for each in his["decisions"]] == ["insufficient_balance"]
    by_hand = {"signal_id": posted.json()["signal_id"], "position_size": "500"}
    opened = await ben.http.post("/api/paper-trades/create_from_signal/", json=by_hand)
    assert (opened.status_code, opened.json()["source"]) == (201, f"alerts#{source['id']}"), opened.text
    assert (await ben.http.post(f"{path}cancel/")).status_code == 404
    assert (await ada.http.patch(url, json={"is_public": False})).status_code == 200
    for gone in (url, path):
        assert (await ben.http.get(gone)).status_code == 404, gone
    assert (await ben.http.get("/api/events/", params={"sources": source["id"]})).status_code == 404
    assert source["id"] not in [each["id"] for each in (await ben.http.get("/api/sources/")).json()["results"]]


async def test_a_source_that_turns_private_ends_the_streams_of_strangers_for_good(api, someone):
    ada, ben, cleo = await someone(), await someone(), await someone()
    source = (await ada.http.post("/api/sources/", json={"name": "watched", "is_public": True})).json()
    url, named = f"/api/sources/{source['id']}/", {"sources": str(source["id"])}
    await ben.http.post(f"{url}follow/", json={})
    async with (
        streaming(ada.http) as hers,
        streaming(ben.http) as his,
        streaming(cleo.http, **named) as by_name,
        streaming(api.http, **named) as nobodys,
    ):
        said = {"source": "watched", "symbol": "BTCUSDT", "market_type": "FUTURES", "direction": "LONG"}
        said |= {"take_profits": [{"percent": "20"}]}
        first = await ada.http.post("/api/signals/", json=said | {"stop_loss_percent": "10"})
        assert first.status_code == 201, first.text
        for stream in (hers, his, by_name, nobodys):
            assert (await _signal(stream))["id"] == first.json()["id"]
        assert (await ada.http.patch(url, json={"is_public": False})).status_code == 200
        second = await ada.http.post("/api/signals/", json=said | {"stop_loss_percent": "11"})
        assert (await _signal(hers))["id"] == second.json()["id"], "its owner's goes on"
        for stream in (his, by_name, nobodys):
            assert [event async for event in stream if event.event == "signal"] == []
    assert (await cleo.http.get("/api/events/", params=named)).status_code == 404
    async with streaming(ben.http) as again:
        await ben.http.post(f"/api/accounts/{ben.account_id}/deposits/", json={"amount": "1"})
        assert f"s{source['id']}." not in (await again.next()).id


async def test_a_stream_ends_with_the_follow_that_brought_a_source_and_one_by_name_does_not(someone):
    ada, ben = await someone(), await someone()
    source = (await ada.http.post("/api/sources/", json={"name": "left", "is_public": True})).json()
    url = f"/api/sources/{source['id']}/"
    await ben.http.post(f"{url}follow/", json={})
    async with streaming(ben.http) as followed, streaming(ben.http, sources=str(source["id"])) as named:
        await ben.http.post(f"{url}unfollow/", json={})
        with pytest.raises(StopAsyncIteration):
            await followed.next()
        await ben.http.post(f"/api/accounts/{ben.account_id}/deposits/", json={"amount": "1"})
        assert (await named.next()).event == "account"


async def test_an_open_stream_brings_a_source_from_the_follow_on_and_so_does_one_that_was_cut_meanwhile(
    someone, monkeypatch
):
    ada, ben = await someone(), await someone()
    monkeypatch.setattr(hub, "RIGHTS_SECONDS", 3600)  # it is the bell that tells of the follow
    source = (await ada.http.post("/api/sources/", json={"name": "joined", "is_public": True})).json()
    said = {"source": "joined", "symbol": "BTCUSDT", "market_type": "FUTURES", "direction": "LONG"}
    said |= {"take_profits": [{"percent": "20"}]}

    async def say(stop: int) -> int:
        answer = await ada.http.post("/api/signals/", json=said | {"stop_loss_percent": stop})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async with streaming(ben.http) as open_:
        await ben.http.post(f"/api/accounts/{ben.account_id}/deposits/", json={"amount": "1"})
        cut_at = (await open_.next()).id
        await say(10)
        followed = await ben.http.post(f"/api/sources/{source['id']}/follow/", json={})
        assert followed.status_code == 200, followed.text
        after = [await say(11), await say(12)]
        assert [(await _signal(open_))["id"] for _ in after] == after
        async with streaming(ben.http, last_id=cut_at) as cut:
            assert [(await _signal(cut))["id"] for _ in after] == after
        monkeypatch.undo()
        own = await ben.http.post("/api/signals/", json=said | {"source": "my own", "stop_loss_percent": "10"})
        assert (await _signal(open_))["id"] == own.json()["id"], "made at first use"


async def test_a_stream_with_too_many_sources_ends_to_come_back_with_the_newest(someone, monkeypatch):
    ada = await someone()
    await ada.http.post("/api/sources/", json={"name": "one"})
    async with streaming(ada.http) as stream:
        monkeypatch.setattr(hub, "SOURCES_MAX", 1)
        await ada.http.post("/api/sources/", json={"name": "one more"})
        with pytest.raises(StopAsyncIteration):
            await stream.next()


async def test_a_stream_that_opens_while_rights_are_looked_at_stays(someone, monkeypatch):
    ada, ben = await someone(), await someone()
    looking, seen = threading.Event(), threading.Event()
    look = Identifier.still

    async def slowly(identifier: Identifier, vias: Sequence[str]) -> dict[str, tuple[int, ...]]:
        found = await look(identifier, vias)
        looking.set()
        await asyncio.to_thread(seen.wait, 30)
        return found

    with monkeypatch.context() as slow:
        slow.setattr(Identifier, "still", slowly)
        await ada.http.post("/api/sources/", json={"name": "told of by the bell"})
        assert await asyncio.to_thread(looking.wait, 30)
        async with streaming(ben.http) as stream:
            seen.set()
            await ben.http.post(f"/api/accounts/{ben.account_id}/deposits/", json={"amount": "1"})
            assert (await stream.next()).event == "account"
            await ben.http.post(f"/api/accounts/{ben.account_id}/deposits/", json={"amount": "1"})
            assert (await stream.next()).event == "account"


async def test_a_source_is_private_and_without_strangers_at_once_or_not_at_all(services, someone, monkeypatch):
    ada, ben = await someone(), await someone()
    source = (await ada.http.post("/api/sources/", json={"name": "whole", "is_public": True})).json()
    url = f"/api/sources/{source['id']}/"
    await ben.http.post(f"{url}follow/", json={})

    async def fails(*_: object) -> None:
        raise ConnectionError("the process ends here")

    with monkeypatch.context() as broken:
        broken.setattr(follows, "drop_foreign", fails)
        with pytest.raises(ConnectionError):
            await edit_source(services, Asking(ada.session["user_id"], ()), source["id"], {"is_public": False})
    seen = (await ben.http.get(url)).json()
    assert (seen["is_public"], len(seen["follows"])) == (True, 1)
    await ada.http.patch(url, json={"is_public": False})
    await ada.http.patch(url, json={"is_public": True})
    assert (await ben.http.get(url)).json()["follows"] == []


async def _signal(stream: Stream) -> dict[str, object]:
    """The next signal that has been said."""
    while True:
        event = await stream.next()
        if event.event == "signal" and event.data["action"] == "created":
            return event.data["signal"]
