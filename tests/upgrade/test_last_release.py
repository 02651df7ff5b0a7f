"""Messages that the last release left in the queues are done by this one: frozen as it wrote them, byte for byte.

When a message changes, this file gets another one beside these; the old ones go a release later.
"""

import inspect
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import dramatiq.worker
import msgspec
import psycopg
import redis

from services.bootstrap import build
from services.domain.market import Market
from services.settings import Settings
from services.usecases.refresh_instruments import refresh_instruments
from tests.api.running import NOWHERE, exchange, settings_of_test
from tests.evaluation.desk import Desk
from tests.servers import wait_until
from tests.working import working
from workers import actors
from workers.broker import broker

PATHS = bytes.fromhex(
    "9188ad696e737472756d656e745f696403a57374617274d6ff6a450140a3656e64d6ff6a4501b8a4626172739296d6ff6a45"
    "0140d7ffee2e1f006a45017ba3313030a3313035a23939a331303496d6ff6a45017cd7ffee2e1f006a4501b7a3313034a331"
    "3034a439342e35a23936a47461696cc0ab69735f7769746868656c64c2a46d61726bc0a96d61726b5f7461696cc0"
)
"""Two minutes of instrument 3, a FUTURES BTCUSDT: 100 to 105, then down to 94.5."""
MESSAGES = [
    ("fetch", "fetch_paths", ("SPOT", ["BTCUSDT", "ETHUSDT"], "2026-07-01T12:00:00+00:00", 3)),
    ("fetch", "fetch_paths", ("FUTURES", ["BTCUSDT"], None, None)),
    ("ring", "ring_paths", ("FUTURES", ["BTCUSDT"])),
    ("evaluate", "evaluate_trades", (PATHS, "FUTURES", None, None)),
    ("sweep", "sweep_quotes", ("SPOT",)),
    ("signals", "trade_signals", ()),
    ("scan", "scan_pairs", ("SPOT", "2026-07-01T12:00:00+00:00", 0)),
    ("hooks", "serve_outlets", ()),
    ("maintenance", "settle_funding", ()),
    ("maintenance", "refresh_instruments", ("SPOT",)),
    ("maintenance", "maintain", ()),
    ("maintenance", "sample_equity", ()),
    ("maintenance", "reconcile_books", ()),
]


def envelope(queue: str, actor: str, arguments: tuple[object, ...], version: int = 1) -> bytes:
    """The message on the wire, of version 1; fields in the order in which they were written."""
    return msgspec.msgpack.encode(
        {
            "v": version,
            "queue_name": queue,
            "actor_name": actor,
            "args": arguments,
            "kwargs": {},
            "options": {"redis_message_id": f"{actor}-{len(arguments)}", "max_age": 120_000},
            "message_id": f"{actor}-{len(arguments)}",
            "message_timestamp": time.time_ns() // 1_000_000,
        }
    )


def put(url: str, queue: str, id_: str, body: bytes) -> None:
    with redis.Redis.from_url(url) as client:
        client.hset(f"tasks:{queue}.msgs", id_, body)
        client.rpush(f"tasks:{queue}", id_)


def test_every_actor_takes_what_it_was_sent_then():
    declared = {name: broker.get_actor(name) for name in broker.get_declared_actors()}
    for queue, name, arguments in MESSAGES:
        message = dramatiq.Message.decode(envelope(queue, name, arguments))
        assert (message.queue_name, message.actor_name) == (queue, name)
        inspect.signature(declared[name].fn).bind(*message.args)
    assert {name for _, name, _ in MESSAGES} == {
        name for name, actor in declared.items() if actor.fn.__module__ == actors.__name__
    }, "a new actor's first message is frozen here too"


ASKED_FOR = """instrument_id IN (SELECT id FROM instruments
    WHERE symbol = 'BTCUSDT' OR (market = 'SPOT' AND symbol = 'ETHUSDT'))"""
"""The pairs of the frozen messages."""
WAIT_SECONDS = 60
WITHOUT_AN_EXCHANGE = {"evaluate_trades", "maintain", "reconcile_books", "serve_outlets", "trade_signals"}


def send(url: str, name: str) -> None:
    """Put every frozen message of that actor into its queue."""
    for queue, actor, arguments in MESSAGES:
        if actor == name:
            put(url, queue, f"{name}-{arguments[:1]}", envelope(queue, name, arguments))


@contextmanager
def doing(settings: Settings) -> Iterator[redis.Redis]:
    """A worker; by the end all it was sent is done, and none of it has failed."""
    with working(settings), redis.Redis.from_url(settings.redis_url) as client:
        yield client
        assert not client.keys("tasks:*.XQ"), "none of them failed"


async def test_a_worker_does_those_that_want_no_exchange(database_url, redis_url):
    settings = settings_of_test(database_url, redis_url, NOWHERE)
    async with build(settings, name="test") as services:
        desk = await Desk(services.pool).set_up()
        assert desk.instrument("BTCUSDT", Market.FUTURES).id == 3
        trade = await desk.add(stop="95", target="120")
    for name in WITHOUT_AN_EXCHANGE:
        send(redis_url, name)
    put(redis_url, "sweep", "of-tomorrow", envelope("sweep", "sweep_quotes", ("SPOT",), version=2))
    with doing(settings) as client, psycopg.connect(database_url, autocommit=True) as connection:
        query = "SELECT profit_loss FROM trades WHERE id = %s AND status = 'CLOSED_SL'"
        (net,) = await wait_until(lambda: connection.execute(query, [trade.id]).fetchone(), 20)
        assert net < Decimal(0)
        await wait_until(lambda: client.llen(broker.commands.quarantine_key), 20)
        await wait_until(lambda: not client.keys("tasks:*.msgs"), 20)


async def test_a_worker_does_those_that_ask_the_exchange(database_url, redis_url):
    """Each by what it leaves: pairs, quotes, watermarks that moved, equity; and all of them without a failure."""
    with exchange() as urls:
        settings = settings_of_test(database_url, redis_url, urls)
        async with build(settings, name="test") as services:
            await refresh_instruments(services, Market.FUTURES)
        with doing(settings) as client, psycopg.connect(database_url, autocommit=True) as connection:

            def told(query: str) -> int:
                row = connection.execute(query).fetchone()  # type: ignore[arg-type] # of this test
                assert row is not None
                return int(row[0])

            spot = "SELECT count(*) FROM instruments WHERE market = 'SPOT'"
            assert told(spot) == 0
            send(redis_url, "refresh_instruments")
            await wait_until(lambda: told(spot) == 436, WAIT_SECONDS)

            assert not client.keys("prices:*")
            send(redis_url, "sweep_quotes")
            await wait_until(lambda: client.keys("prices:*"), WAIT_SECONDS)

            behind = f"SELECT count(*) FROM watermarks WHERE {ASKED_FOR} AND judged_to < now() - interval '4 minutes'"
            back = f"UPDATE watermarks SET judged_to = judged_to - interval '5 minutes' WHERE {ASKED_FOR}"
            connection.execute(back)
            assert told(behind) == 3
            send(redis_url, "fetch_paths")
            await wait_until(lambda: told(behind) == 0, WAIT_SECONDS)
            connection.execute(back)
            send(redis_url, "ring_paths")
            await wait_until(lambda: told(behind) == 2, WAIT_SECONDS)

            assert not told("SELECT count(*) FROM funding_clocks WHERE due IS NOT NULL")
            for name in ("scan_pairs", "settle_funding", "sample_equity"):
                send(redis_url, name)
            await wait_until(lambda: told("SELECT count(*) FROM funding_clocks WHERE due IS NOT NULL"), WAIT_SECONDS)
            await wait_until(lambda: not client.keys("tasks:*.msgs"), WAIT_SECONDS)


def test_no_message_is_left_out():
    asking = {
        "fetch_paths",
        "ring_paths",
        "sweep_quotes",
        "scan_pairs",
        "settle_funding",
        "refresh_instruments",
        "sample_equity",
    }
    assert {name for _, name, _ in MESSAGES} == WITHOUT_AN_EXCHANGE | asking
