"""Deliveries: everything at least once and in order, whatever the endpoint does and whoever dies."""

import asyncio
import random
from decimal import Decimal

import pytest

from services.bootstrap import build
from services.db import attempts, outbox
from services.domain.outlets import EventKind, Rule
from services.usecases import serve_outlets as serving
from services.usecases.serve_outlets import serve_outlets
from tests.hooks.desk import CLOSED, deliveries, happens, later, query, serve, webhook
from tests.hooks.receiver import Reply, receiving
from tests.servers import wait_until


async def test_events_arrive_signed_in_order_and_once(services, receiver):
    await happens(services)
    id_, secret = await webhook(services, receiver.url)
    for action in ("opened", "updated", "closed"):
        await happens(services, action, **(CLOSED if action == "closed" else {}))
    await serve(services)
    await serve(services)
    assert [body["type"] for body in receiver.bodies] == [f"paper_trade.{a}" for a in ("opened", "updated", "closed")]
    assert [(body["stream"], body["sequence"]) for body in receiver.bodies] == [("a1", 2), ("a1", 3), ("a1", 4)]
    assert receiver.bodies[2]["data"]["trade"]["profit_loss"] == "14.5"
    assert all(received.verified_by(secret) for received in receiver.requests)
    assert len({received.id for received in receiver.requests}) == 3
    assert await deliveries(services, id_) == [(2, "delivered", 1), (3, "delivered", 1), (4, "delivered", 1)]


async def test_rules_choose(services, receiver):
    rules = Rule(events=(EventKind.CLOSED,), sources=("tv",), minimum_profit=Decimal(10), minimum_loss=Decimal(5))
    await webhook(services, receiver.url, rules, Rule(events=(EventKind.CANCELLED,)))
    for source, profit in (("tv", "9.99"), ("tv", "10"), ("tv", "-4.99"), ("tv", "-5"), ("api", "500")):
        await happens(services, "closed", **(CLOSED | {"source": source, "profit_loss": profit}))
    await happens(services, "opened", source="tv")
    await happens(services, "cancelled", source="api", status="CANCELLED")
    await serve(services)
    told = [(body["data"]["action"], body["data"]["trade"]["profit_loss"]) for body in receiver.bodies]
    assert told == [("closed", "10"), ("closed", "-5"), ("cancelled", None)]


async def test_an_endpoint_that_is_down_holds_back_and_loses_nothing(services, receiver):
    id_, _ = await webhook(services, receiver.url)
    for _ in range(3):
        await happens(services)
    receiver.reply = lambda _: Reply(503)
    await serve(services)
    assert await deliveries(services, id_) == [(1, "waiting", 1), (2, "waiting", 0), (3, "waiting", 0)]
    await serve(services)
    assert len(receiver.requests) == 1, "nothing is tried before its time"
    await later(services)
    await serve(services)
    ((failures, first, retry),) = await query(
        services, "SELECT failures, failing_since IS NOT NULL, retry_at > now() FROM outlets"
    )
    assert (failures, first, retry) == (2, True, True)
    receiver.reply = lambda _: Reply()
    await later(services)
    await serve(services)
    assert [body["sequence"] for body in receiver.bodies] == [1, 1, 1, 2, 3]
    assert len({received.id for received in receiver.requests[:3]}) == 1
    assert len({received.body for received in receiver.requests[:3]}) == 1
    assert await query(services, "SELECT failures, failing_since FROM outlets") == [(0, None)]


async def test_a_refused_message_lets_others_pass_and_ends_as_a_dead_letter(services, receiver):
    id_, _ = await webhook(services, receiver.url)
    for _ in range(3):
        await happens(services)
    receiver.reply = lambda received: Reply(422 if received.json["sequence"] == 1 else 200)
    await serve(services)
    assert await deliveries(services, id_) == [(1, "waiting", 1), (2, "delivered", 1), (3, "delivered", 1)]
    for _ in range(20):
        await later(services)
        await serve(services)
    (first, *_) = await deliveries(services, id_)
    assert first[1] == "dead"
    assert 8 <= first[2] <= 14, "tried again and again for three days, ever more seldom"
    assert await query(services, "SELECT enabled, dead_total FROM outlets") == [(True, 1)]


async def test_gone_disables_at_once_and_the_owner_is_told(services, receiver):
    async with receiving() as other:
        id_, _ = await webhook(services, receiver.url)
        await webhook(services, other.url, Rule(events=(EventKind.SYSTEM,)))
        receiver.reply = lambda _: Reply(410)
        await happens(services)
        await serve(services)
        await happens(services)
        await serve(services)
    assert len(receiver.requests) == 1
    assert (await deliveries(services, id_))[0][1] == "waiting", "what waits stays, for when it is enabled again"
    assert [body["type"] for body in other.bodies] == ["system.outlet_disabled"]
    assert "410" in other.bodies[0]["data"]["reason"]
    assert await query(services, "SELECT enabled FROM outlets ORDER BY id") == [(False,), (True,)]


async def test_an_endpoint_that_fails_for_days_is_disabled(services, receiver):
    await webhook(services, receiver.url)
    receiver.reply = lambda _: Reply(500)
    for _ in range(19):
        await happens(services)
        await serve(services)
        await later(services)
    ((enabled, reason),) = await query(services, "SELECT enabled, disabled_reason FROM outlets")
    assert (enabled, reason) == (False, "nothing could be delivered for 5 days")


async def test_one_slow_endpoint_delays_nobody_else(services, receiver):
    async with receiving() as quick:
        await webhook(services, receiver.url)
        await webhook(services, quick.url)
        receiver.reply = lambda _: Reply(delay=5)
        for _ in range(5):
            await happens(services)
        await serve_outlets(services)
        await wait_until(lambda: len(quick.requests) == 5, 3)
        await happens(services)
        await asyncio.gather(*(serve_outlets(services) for _ in range(3)))
        await wait_until(lambda: len(quick.requests) == 6, 3)
        assert len(receiver.requests) == 1
        assert receiver.at_once == 1, "an outlet gets one message at a time"


async def test_an_answer_that_was_not_written_down_is_delivered_again_under_its_id(services, receiver, monkeypatch):
    id_, _ = await webhook(services, receiver.url)
    await happens(services)

    async def dies(*_):
        raise ConnectionError("the process died here")

    with monkeypatch.context() as patch:
        patch.setattr(attempts, "delivered", dies)
        await serve_outlets(services)
        await wait_until(lambda: not services.errands.keys)
    assert await deliveries(services, id_) == [(1, "waiting", 0)]
    await serve(services)
    assert len(receiver.requests) == 2
    assert len({(received.id, received.body) for received in receiver.requests}) == 1
    assert await deliveries(services, id_) == [(1, "delivered", 1)]


async def test_a_worker_that_vanishes_is_replaced_when_its_lease_ends(services, receiver):
    await webhook(services, receiver.url)
    await happens(services)
    async with services.pool.connection() as connection:
        assert len(await outbox.lease(connection, "somebody who dies", 5, [])) == 1
    await serve(services)
    assert receiver.requests == []
    await later(services, hours=0.02)
    await serve(services)
    assert len(receiver.requests) == 1


async def test_two_workers_share_the_outlets_and_deliver_each_event_once(services, receiver):
    ids = [(await webhook(services, receiver.url))[0] for _ in range(6)]
    async with build(services.settings, name="second") as other:
        for _ in range(20):
            await happens(services)
            await asyncio.gather(serve_outlets(services), serve_outlets(other))
        await wait_until(lambda: not (services.errands.keys or other.errands.keys))
        await asyncio.gather(serve(services), serve(other))
    for id_ in ids:
        assert await deliveries(services, id_) == [(seq, "delivered", 1) for seq in range(1, 21)]
    assert len(receiver.requests) == 6 * 20


async def test_random_failures_and_deaths_lose_nothing_and_keep_the_order(services, receiver, monkeypatch):
    """Every event arrives; the first arrivals of a stream come in its order."""
    dice = random.Random(4)
    await webhook(services, receiver.url)
    receiver.reply = lambda _: dice.choice([Reply(), Reply(), Reply(500), Reply(cut=True), Reply(302)])
    written = serving._write_down

    async def sometimes_dies(*arguments):
        if dice.random() < 0.2:
            raise ConnectionError("the process died here")
        await written(*arguments)

    monkeypatch.setattr(serving, "_write_down", sometimes_dies)
    total = 0
    for _ in range(25):
        for _ in range(dice.choice([0, 1, 3])):
            await happens(services)
            total += 1
        await serve(services)
        await later(services, hours=0.5)
    receiver.reply = lambda _: Reply()
    monkeypatch.setattr(serving, "_write_down", written)
    await later(services)
    await serve(services)
    arrived = [body["sequence"] for body in receiver.bodies]
    assert list(dict.fromkeys(arrived)) == list(range(1, total + 1))
    assert len(arrived) > total
    assert len({received.id for received in receiver.requests}) == total


async def test_a_new_account_is_followed_from_its_beginning(services, receiver):
    await webhook(services, receiver.url)
    await query(services, "INSERT INTO accounts (user_id, name) VALUES (1, 'second')")
    await happens(services, account=2)
    await query(services, "INSERT INTO users (name) VALUES ('somebody')")
    await query(services, "INSERT INTO accounts (user_id, name) SELECT id, 'theirs' FROM users WHERE name = 'somebody'")
    await happens(services, account=3)
    await serve(services)
    assert [body["stream"] for body in receiver.bodies] == ["a2"]


async def test_a_backlog_is_bounded_and_goes_on_from_the_stream(services, receiver, monkeypatch):
    monkeypatch.setattr(outbox, "WINDOW", 10)
    monkeypatch.setattr(serving, "READ_EVENTS", 7)
    id_, _ = await webhook(services, receiver.url)
    receiver.reply = lambda _: Reply(500)
    for _ in range(25):
        await happens(services)
        await serve(services)
    assert len(await deliveries(services, id_)) <= 17
    receiver.reply = lambda _: Reply()
    await later(services)
    await serve(services)
    assert [body["sequence"] for body in receiver.bodies if body][-24:] == list(range(2, 26))


@pytest.mark.parametrize("seconds", [0, 3600])
async def test_a_message_that_is_too_late_is_not_sent(services, receiver, seconds):
    id_, _ = await webhook(services, receiver.url)
    message = outbox.NewDelivery(message_id="m", stream="a1", seq=1, type="t.x", body="{}")
    async with services.pool.connection() as connection:
        await outbox.add(connection, id_, [message])
        await connection.execute("UPDATE deliveries SET expires_at = now() + make_interval(secs => %s)", [seconds])
    await serve(services)
    assert len(receiver.requests) == (1 if seconds else 0)
    assert (await deliveries(services, id_))[0][1] == ("delivered" if seconds else "dead")
