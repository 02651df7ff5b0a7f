"""Sources where logins are required: a stranger sees the public ones, and nothing that another's account decided."""

import httpx
import pytest

from services.usecases.trade_signals import trade_signals

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
