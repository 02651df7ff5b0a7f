"""Endpoints that take a connection and never answer hold up nobody: no trade, no other endpoint, no other thread."""

import asyncio
import socket
import threading
from ipaddress import ip_network

from services.db.outlets import OutletKind
from services.domain.trade import TradeStatus
from services.hooks import notifier
from services.hooks.addresses import Policy, resolve
from services.hooks.errands import AT_ONCE_MAX
from services.hooks.notifier import Notifier
from services.usecases import manage_outlets
from services.usecases.judge_paths import judge_paths
from services.usecases.manage_outlets import NewOutlet, create_outlet
from services.usecases.serve_outlets import serve_outlets
from tests.evaluation.desk import Desk, bar, path
from tests.hooks.desk import ACCOUNT, USER
from tests.hooks.receiver import Receiver, Reply, receiving
from tests.servers import wait_until

FOR_EVER = 600.0
HANGING = AT_ONCE_MAX - 1
"""All but one of the places that a process has."""


def notifying(receiver: Receiver) -> str:
    return receiver.url.replace("http://", "json://")


async def test_a_trade_closes_and_another_target_hears_of_it_while_all_the_rest_hang(services, receiver, monkeypatch):
    monkeypatch.setattr(notifier, "READ_SECONDS", FOR_EVER)
    monkeypatch.setattr(manage_outlets, "OUTLETS_MAX", AT_ONCE_MAX)
    desk = await Desk(services.pool).set_up()
    async with receiving() as hanging:
        hanging.reply = lambda _: Reply(delay=FOR_EVER)
        for number in range(HANGING + 1):
            url = notifying(hanging) + str(number) if number < HANGING else notifying(receiver)
            await create_outlet(services, USER, (ACCOUNT,), OutletKind.NOTIFICATION, NewOutlet(url=url), lambda _: {})
        trade = await desk.add(stop="95", target="110")
        await serve_outlets(services)
        await wait_until(lambda: hanging.now == HANGING, 5)
        await judge_paths(services.pool, [path(desk.instrument(), 0, 1, [bar(0, "100", "111", "99", "110")])])
        assert (await desk.trade(trade.id)).status is TradeStatus.CLOSED_TP

        async def is_told() -> bool:
            await serve_outlets(services)
            return any("WIN" in body["title"] for body in receiver.bodies)

        await wait_until(is_told)
        assert (hanging.now, len(hanging.requests)) == (HANGING, HANGING), "none of them has answered yet"


async def test_a_target_that_was_left_hanging_gets_no_second_thread(receiver):
    receiver.reply = lambda _: Reply(delay=FOR_EVER)
    notifier = Notifier(Policy((ip_network("127.0.0.1/32"),)), ["json"], send_seconds=0.3)
    first, second = [(await notifier.send(notifying(receiver), "t", "b")).error for _ in range(2)]
    assert (first, second) == ("no answer within 0.3 s", "the attempt before has not ended yet")
    assert len(receiver.requests) == 1


async def test_a_name_server_that_never_answers_keeps_no_thread_from_others(monkeypatch):
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(60) and [])
    asked = [asyncio.ensure_future(resolve("hooks.paperfleet.dev", 443)) for _ in range(AT_ONCE_MAX)]
    await asyncio.sleep(0)  # all are asking
    assert await asyncio.wait_for(asyncio.to_thread(lambda: True), 3)
    ended.set()
    assert await asyncio.gather(*asked) == [[]] * AT_ONCE_MAX
