"""What the audit log tells of a change: what was before, what is after, and never a secret."""

from datetime import UTC, datetime

import pytest

from services.db import commands
from services.db.acting import Acting, acting_as, tell
from services.domain.command import Command, CommandKind
from tests.audit.people_at_work import fresh
from tests.audit.test_every_operation import last_row

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def told(ground, last, subject=None):
    """(action, subject, subject_id, before, after) of the rows since `last`."""
    return await ground.query(
        """SELECT action, subject, subject_id, before, after FROM audit_log
           WHERE id > %s AND coalesce(%s, subject) = subject ORDER BY id""",
        last,
        subject,
    )


async def accepted(ground, trade_id, command):
    """Keep a command for the walk in Anna's name, as where the path cannot be had in time."""
    acting = Acting(ground.anna.session["user_id"], ground.anna.session["via"], "127.0.0.1")
    with acting_as(acting):
        async with ground.services.pool.connection() as connection:
            await tell(connection)
            assert await commands.accept(connection, {trade_id: command}) == {trade_id}


async def test_a_source_tells_what_was_set_otherwise_and_no_secret(ground):
    source_id = await ground.source_id()
    last, url = await last_row(ground), f"/api/sources/{source_id}/"
    await ground.anna.http.patch(url, json={"leverage_max": 5})
    secret = (await ground.made(f"{url}rotate_secret/", None))["secret"]
    await ground.made("/api/signals/", ground.said("of another source"))
    edited, rotated, *_ = await told(ground, last, "sources")
    assert edited == ("update", "sources", str(source_id), {"leverage_max": None}, {"leverage_max": 5})
    assert rotated[3]["secret_hash"] == rotated[4]["secret_hash"] == "***"
    ((log,),) = await ground.query("SELECT string_agg(a::text, ' ') FROM audit_log a")
    assert secret.split("-", 1)[1] not in log


async def test_events_of_a_source_are_no_change_of_it(ground):
    name = (await ground.made("/api/sources/", {"name": fresh("source")}))["name"]
    last = await last_row(ground)
    signal = await ground.made("/api/signals/", ground.said(name))
    ((action, subject, subject_id, before, after),) = await told(ground, last)
    assert (action, subject, subject_id, before) == ("insert", "signals", str(signal["id"]), None)
    assert after["direction"] == "LONG"
    await ground.made(f"/api/signals/{signal['id']}/cancel/", None)
    (_, cancelled) = await told(ground, last)
    assert (cancelled[0], cancelled[2], cancelled[3]["status"], cancelled[4]["status"]) == (
        "update",
        str(signal["id"]),
        "ACTIVE",
        "CANCELLED",
    )


async def test_followers_that_go_with_a_source_no_longer_public_are_told(ground):
    ben = await ground.someone()
    source_id = await ground.source_id()
    await ground.anna.http.patch(f"/api/sources/{source_id}/", json={"is_public": True})
    await ground.made(f"/api/sources/{source_id}/follow/", {"risk_percent": "1"}, ben)
    last = await last_row(ground)
    await ground.anna.http.patch(f"/api/sources/{source_id}/", json={"is_public": False})
    ((action, _, subject_id, before, _),) = await told(ground, last, "follows")
    assert (action, subject_id, before["account_id"]) == ("delete", str(source_id), ben.account_id)


async def test_an_import_is_a_row_for_each_batch_not_for_each_signal(ground):
    lines = [f"BTCUSDT,buy,2%,4%,{number}" for number in range(700)]
    last = await last_row(ground)
    answer = await ground.anna.http.post(
        "/api/signals/import/", content="\n".join(["symbol,side,sl,tp,idempotency_key", *lines])
    )
    assert answer.json()["stored"] == 700
    rows = await told(ground, last, "signals")
    assert [after["signals"] for *_, after in rows] == [500, 200]


async def test_a_command_that_waits_tells_where_stop_and_targets_stood(ground):
    """As a PATCH leaves it that is answered 202."""
    trade_id = await ground.trade_id()
    last = await last_row(ground)
    await accepted(ground, trade_id, Command(kind=CommandKind.EDIT, at=datetime.now(UTC), stop_loss=ground.price / 3))
    ((_, _, subject_id, before, after),) = await told(ground, last, "trade_commands")
    assert subject_id == str(trade_id)
    assert (before["status"], before["version"], len(before["targets"])) == ("OPEN", 1, 1)
    assert before["stop_loss"] > after["stop_loss"]


async def test_what_was_put_aside_is_kept_by_the_log(ground):
    letter, key, webhook = await ground.letter(), await ground.key(), await ground.webhook_id()
    last = await last_row(ground)
    await ground.admin.http.delete(f"/api/system/dead-letters/{letter}/")
    await ground.admin.http.delete(f"/api/system/quarantined-prices/{key}/")
    for absent in ("dead-letters/none", "quarantined-prices/none"):
        assert (await ground.admin.http.delete(f"/api/system/{absent}/")).status_code == 404
    await ground.made(f"/api/webhooks/{webhook}/replay/", {"all_dead": True})
    dropped, forgotten, replayed = await told(ground, last)
    assert dropped[:3] == ("delete", "dead_letters", letter)
    assert dropped[3]["error"] == "ValueError: no"
    assert (forgotten[2], forgotten[3]["close"]) == (key, "5")
    assert replayed[:3] == ("replay", "deliveries", str(webhook))
    assert (replayed[4]["all_dead"], replayed[4]["deliveries"]) == (True, 1)


async def test_deliveries_that_were_forgotten_are_named_whoever_chose_them(ground):
    webhook = await ground.webhook_id()
    last = await last_row(ground)
    await ground.made(f"/api/webhooks/{webhook}/drop/", {"all_dead": True})
    (forgotten,) = await told(ground, last)
    assert forgotten[:3] == ("delete", "deliveries", str(webhook))
    assert forgotten[3] == {"message_ids": ["evt_1"]}
    assert (forgotten[4]["all_dead"], forgotten[4]["deliveries"]) == (True, 1)


async def test_wrong_passwords_are_told_and_a_shut_door_once(ground):
    ben = await ground.someone()
    change = {"password": "not the password", "new_password": "another long one"}
    last = await last_row(ground)
    statuses = [(await ben.http.post("/api/session/password/", json=change)).status_code for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    assert (await ben.sign_in()).status_code == 429
    rows = await told(ground, last)
    me = str(ben.session["user_id"])
    assert {row[:3] for row in rows} == {("password_change_refused", "users", me)}
    assert [row[4]["code"] for row in rows] == ["wrong_password"] * 5 + ["locked_out"]
