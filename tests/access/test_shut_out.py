"""Whoever is disabled has nothing that lets anybody in or opens a trade; what is open goes on to its end."""

import httpx
import pytest

from services.domain.credentials import Role
from services.usecases.trade_signals import trade_signals

pytestmark = pytest.mark.asyncio(loop_scope="package")
ALERT = b"symbol=BTCUSDT.P side=buy sl=10% tp=20%"
PAIR = {"source": "calls", "market_type": "FUTURES", "symbol": "BTCUSDT"}
PLAN = {"direction": "LONG", "stop_loss_percent": "5", "take_profits": [{"percent": "5"}]}


async def disable(admin, somebody, *, disabled=True):
    changed = await admin.http.patch(f"/api/users/{somebody.session['user_id']}/", json={"disabled": disabled})
    assert changed.status_code == 200, changed.text


async def test_public_links_and_secrets_for_alerts_of_a_disabled_user_open_nothing(api, someone):
    admin, anna = await someone(Role.ADMIN), await someone()
    link = (await anna.http.post(f"/api/accounts/{anna.account_id}/links/", json={"name": "a link"})).json()
    source = (await anna.http.post("/api/sources/", json={"name": "alerts"})).json()
    path = (await anna.http.post(f"/api/sources/{source['id']}/rotate_secret/")).json()["path"]

    async def codes():
        async with httpx.AsyncClient(base_url=api.url, timeout=30) as nobody:
            shown = await nobody.get(f"/api/public/{link['token']}/performance/")
            posted = await nobody.post(path, content=ALERT)
        return [shown.status_code, posted.status_code]

    assert await codes() == [200, 202]
    await disable(admin, anna)
    assert await codes() == [404, 404]
    await disable(admin, anna, disabled=False)
    assert await codes() == [200, 202]


async def test_accounts_of_a_disabled_user_open_nothing_new_and_end_what_they_have(services, someone):
    admin, anna, ben = await someone(Role.ADMIN), await someone(), await someone()
    source = (await ben.http.post("/api/sources/", json={"name": "calls", "is_public": True})).json()
    assert (await anna.http.post(f"/api/sources/{source['id']}/follow/", json={})).status_code == 200

    async def said(**more):
        answer = await ben.http.post("/api/signals/", json=PAIR | more)
        assert answer.status_code == 201, answer.text
        await trade_signals(services)
        async with services.pool.connection() as connection:
            cursor = await connection.execute(
                """SELECT account_id, outcome FROM signal_decisions WHERE signal_id = %s ORDER BY account_id""",
                [answer.json()["id"]],
            )
            decided = await cursor.fetchall()
        signal = (await ben.http.get(f"/api/signals/{answer.json()['id']}/")).json()
        return signal["status"], decided

    hers, his = anna.account_id, ben.account_id
    assert await said(**PLAN, notes="before") == ("EXECUTED", [(hers, "accepted"), (his, "accepted")])
    await disable(admin, anna)
    assert await said(**PLAN, notes="meanwhile") == ("EXECUTED", [(his, "accepted")])
    assert await said(action="EXIT") == ("EXECUTED", [(hers, "closed"), (his, "closed")])
    await disable(admin, anna, disabled=False)
    assert await said(**PLAN, notes="after") == ("EXECUTED", [(hers, "accepted"), (his, "accepted")])
