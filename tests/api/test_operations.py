"""What operators do over HTTP: stop, resume, look at queues, mend dead letters and quarantine."""

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from services.coordination import quarantine, task_queue
from services.coordination.quarantine import Suspect
from services.db import backup
from services.domain.market import Market
from services.usecases.maintain import reconcile_books
from tests.api.running import order, pages

STOP = {"reason": "the market data looks wrong"}


async def test_no_new_trades_refuses_with_who_why_and_since_and_lets_closing_go_on(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    wish = order("FUTURES", "BTCUSDT", price)
    trade = (await api.http.post("/api/paper-trades/", json=wish)).json()

    (halt,) = (await api.http.put("/api/system/halts/new_trades/", json=STOP)).json()["results"]
    assert (halt["what"], halt["reason"]) == ("new_trades", STOP["reason"])
    again = await api.http.put("/api/system/halts/new_trades/", json={"reason": "another"})
    assert again.json()["results"] == [halt], "the first reason stays"

    refused = await api.http.post("/api/paper-trades/", json=wish)
    assert (refused.status_code, refused.json()["code"]) == (409, "new_trades_halted")
    assert STOP["reason"] in refused.json()["detail"]
    assert refused.json()["numbers"].keys() == {"since", "by", "reason"}
    preview = await api.http.post("/api/paper-trades/preview/", json=wish)
    assert preview.json()["code"] == "new_trades_halted"
    closed = await api.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={})
    assert closed.json()["status"] == "CLOSED_MANUAL"

    assert (await api.http.delete("/api/system/halts/new_trades/")).json() == {"results": []}
    assert (await api.http.post("/api/paper-trades/", json=wish)).status_code == 201


async def test_halts_are_told_to_the_market_stream_once(api, services):
    for _ in range(2):
        await api.http.put("/api/system/halts/fleet/", json=STOP)
    for _ in range(2):
        await api.http.delete("/api/system/halts/fleet/")
    async with services.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT payload FROM events WHERE stream = 'market' AND type = 'system' ORDER BY seq"
        )
        told = [payload for (payload,) in await cursor.fetchall()]
    assert [(each["action"], each["what"]) for each in told] == [("halted", "fleet"), ("resumed", "fleet")]
    assert told[0]["reason"] == STOP["reason"]


async def test_what_cannot_be_stopped_and_reasons_that_say_nothing(api):
    assert (await api.http.put("/api/system/halts/everything/", json=STOP)).json()["code"] == "no_such_halt"
    for reason in ("", "  ", "x" * 401, "a\nb"):
        refused = await api.http.put("/api/system/halts/fleet/", json={"reason": reason})
        assert (refused.status_code, refused.json()["field"]) == (422, "reason"), repr(reason)


async def test_dead_letters_are_listed_retried_and_dropped(api, services):
    for number in range(2):
        await task_queue.enqueue(services.redis, "fetch", "fetch_paths", number, max_age=timedelta(minutes=1))
    await _die(services.redis)
    before = (await api.http.get("/api/system/queues/")).json()
    assert {each["queue"]: each["dead"] for each in before["depths"]}["fetch"] == 2
    assert {each["error"] for each in before["dead_letters"]} == {"ValueError: no"}
    first, second = (each["id"] for each in before["dead_letters"])

    assert (await api.http.post(f"/api/system/dead-letters/{first}/retry/")).status_code == 204
    assert (await api.http.delete(f"/api/system/dead-letters/{second}/")).status_code == 204
    for gone in (first, second, "nothing"):
        assert (await api.http.delete(f"/api/system/dead-letters/{gone}/")).status_code == 404
    after = (await api.http.get("/api/system/queues/")).json()
    depth = next(each for each in after["depths"] if each["queue"] == "fetch")
    assert (depth["waiting"], depth["dead"], after["dead_letters"]) == (1, 0, [])
    assert 0 <= depth["oldest_seconds"] < 60
    message = msgspec.msgpack.decode(await services.redis.hget("tasks:fetch.msgs", first))
    assert message["options"] == {"redis_message_id": first}, "what its failures left on it is gone"


async def test_quarantined_prices_are_listed_believed_and_dropped(api, services):
    suspect = Suspect(1_800_000_000.0, Decimal(5), 1_800_000_060.0)
    await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", suspect)
    (key,) = (await api.http.get("/api/system/queues/")).json()["quarantined_prices"]
    assert key == "SPOT:BTCUSDT:1800000000"

    assert (await api.http.post(f"/api/system/quarantined-prices/{key}/believe/")).status_code == 204
    again = msgspec.structs.replace(suspect, seen=suspect.seen + 1)
    known = await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", again)
    assert again.seen - known.seen > 60, "the next answer counts as the second"
    assert (await api.http.delete(f"/api/system/quarantined-prices/{key}/")).status_code == 204
    assert (await api.http.delete(f"/api/system/quarantined-prices/{key}/")).status_code == 404
    assert (await api.http.post(f"/api/system/quarantined-prices/{key}/believe/")).status_code == 404


async def _die(redis):
    """All that waits for `fetch` dies, as the worker's own command leaves it."""
    for id_ in await redis.lrange("tasks:fetch", 0, -1):
        body = msgspec.msgpack.decode(await redis.hget("tasks:fetch.msgs", id_))
        body["options"] |= {"retries": 3, "traceback": "Traceback\nValueError: no"}
        await redis.zadd("tasks:fetch.XQ", {id_: 1_800_000_000_000})
        await redis.hset("tasks:fetch.XQ.msgs", id_, msgspec.msgpack.encode(body))
        await redis.hdel("tasks:fetch.msgs", id_)
    await redis.delete("tasks:fetch")


async def test_a_trade_that_was_closed_wrongly_is_struck_out(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
    url = f"/api/paper-trades/{trade['id']}/void/"
    refused = await api.http.post(url, json=STOP)
    assert (refused.status_code, refused.json()["code"]) == (409, "trade_not_closed")
    before = await closings_by_hand(api)
    await api.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={})
    assert await closings_by_hand(api) == before + 1
    assert (await api.http.post(url, json={"reason": " "})).status_code == 422
    struck = (await api.http.post(url, json=STOP)).json()
    assert (struck["status"], struck["profit_loss"], struck["void_reason"]) == ("VOIDED", "0", STOP["reason"])
    again = await api.http.post(url, json=STOP)
    assert (again.status_code, again.json()["code"]) == (409, "trade_voided")
    (void,) = (await api.http.get("/api/system/voids/")).json()["results"]
    assert (void["trade_id"], void["status"]) == (trade["id"], "CLOSED_MANUAL")
    assert (await api.http.get("/api/paper-trades/performance/")).json()["total_trades"] == 0
    account = (await api.http.get(f"/api/accounts/{trade['account_id']}/")).json()
    assert account["balance"] == "100000.00000000"
    audited = (await api.http.get("/api/system/audit/", params={"subject": "voids"})).json()["results"]
    assert [entry["subject_id"] for entry in audited] == [str(trade["id"])]


async def test_lists_of_operators_have_no_end_that_hides_anything(api, services):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    struck = []
    for _ in range(3):
        trade = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
        await api.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={})
        await api.http.post(f"/api/paper-trades/{trade['id']}/void/", json=STOP)
        struck.append(trade["id"])
    listed = await pages(api, "/api/system/voids/", limit=1)
    assert [void["trade_id"] for void in listed][:3] == struck[::-1]
    followed = await pages(api, "/api/instruments/", limit=200)
    lags = (await api.http.get("/api/system/lag/", params={"limit": 1000})).json()["results"]
    assert {(lag["market_type"], lag["symbol"]) for lag in lags} == {
        (pair["market_type"], pair["symbol"]) for pair in followed
    }


async def closings_by_hand(api) -> float:
    told = (await api.http.get("/metrics")).text
    found = re.search(
        r'^paperfleet_trades_closed_total{exit_reason="manual",status="CLOSED_MANUAL"} (\S+)$', told, re.MULTILINE
    )
    return float(found[1]) if found else 0


async def test_the_books_are_reconciled_when_asked_for(api, services):
    asked = await api.http.post("/api/system/reconcile/")
    assert (asked.status_code, asked.json()["asked_for"]) == (202, "reconcile_books")
    (id_,) = await services.redis.lrange("tasks:maintenance", 0, -1)
    message = msgspec.msgpack.decode(await services.redis.hget("tasks:maintenance.msgs", id_))
    assert (message["actor_name"], message["args"]) == ("reconcile_books", [])
    assert (await books(api), await metric(api, "age_seconds")) == ((None, {}), math.inf)

    await reconcile_books(services)
    at, differences = await books(api)
    assert at >= asked.json()["asked_at"]
    assert differences == {}
    assert await metric(api, 'differ{check="balance_is_ledger"}') == 0
    assert 0 <= await metric(api, "age_seconds") < 60

    async with services.pool.connection() as connection:
        await connection.execute("UPDATE accounts SET balance = balance + 1 WHERE id = 1")
    await reconcile_books(services)
    assert (await books(api))[0] > at
    assert (await books(api))[1] == {"balance_is_ledger": ["1, 100001, 100000"]}
    status = (await api.http.get("/api/system/")).json()["books"]
    assert (status["reconciled_at"], status["differences"]) == ((await books(api))[0], {"balance_is_ledger": 1})
    assert await metric(api, 'differ{check="balance_is_ledger"}') == 1
    assert await metric(api, 'differ{check="events_are_dense"}') == 0


async def test_how_old_the_last_backup_is(api, services, tmp_path):
    async def told() -> tuple[dict | None, str | None]:
        gauge = re.search(
            r"^paperfleet_fleet_backup_age_seconds (\S+)$", (await api.http.get("/metrics")).text, re.MULTILINE
        )
        return (await api.http.get("/api/system/")).json()["backup"], gauge and gauge[1]

    assert await told() == (None, None)
    file = tmp_path / "night.zip"
    manifest = await backup.back_up(services.settings.database_url, file)
    assert await told() == (None, None), "it may yet fail"
    await backup.note(services.settings.database_url, manifest, file)
    last, gauge = await told()
    assert datetime.fromisoformat(last["made_at"]) == manifest.made_at
    assert last["size_bytes"] == file.stat().st_size
    assert 0 < float(gauge) <= last["age_seconds"] < 60


async def books(api) -> tuple[str | None, dict[str, list[str]]]:
    found = (await api.http.get("/api/system/books/")).json()
    return found["reconciled_at"], found["differences"]


async def metric(api, name: str) -> float:
    told = (await api.http.get("/metrics")).text
    return float(re.search(rf"^paperfleet_fleet_books_{re.escape(name)} (\S+)$", told, re.MULTILINE)[1])
