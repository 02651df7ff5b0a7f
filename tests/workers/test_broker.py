"""What dramatiq's Redis broker loses, orphans or chokes on, and ours does not."""

import asyncio
import threading
import time
from datetime import timedelta

import dramatiq
import msgspec
import pytest
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Retries
from redis.asyncio import Redis
from structlog.testing import capture_logs

from services.coordination import queues
from services.domain.errors import Unavailable
from tests.servers import wait_until
from tests.workers.link import link_to
from tests.workers.looking import dead_letters, depth, died, quarantined
from tests.workers.working import LIMITS, working
from workers import quarantine
from workers.broker import NAMESPACE, FleetBroker
from workers.declare import actor


@pytest.fixture
def link(redis_url):
    with link_to(redis_url) as running:
        yield running


async def test_a_message_reaches_its_actor_with_bytes_and_text_intact(broker):
    seen = []

    @actor("work", **LIMITS, on=broker)
    async def note(blob: bytes, text: str, names: list[str], flag: bool) -> None:
        seen.append((blob, text, names, flag))

    with working(broker):
        note.send(b"\x00\xff", "žluť", ["A", "B"], flag=True)
        await wait_until(lambda: seen)
        await wait_until(lambda: broker.do_qsize("work") == 0)
    assert seen == [(b"\x00\xff", "žluť", ["A", "B"], True)]


async def test_many_messages_are_enqueued_in_order_and_each_runs_once(broker):
    seen = []

    @actor("work", **LIMITS, on=broker)
    async def note(number: int) -> None:
        seen.append(number)

    broker.enqueue_many([note.message(number) for number in range(1200)])
    with working(broker, threads=1):
        await wait_until(lambda: len(seen) >= 1200 and broker.do_qsize("work") == 0)
    assert seen == list(range(1200))


async def _lose_redis_while_actors_fail(link, fail, *, count: int, seconds: float) -> None:
    """`count` messages fail during an outage of so many seconds; returns when Redis is back."""
    for _ in range(count):
        fail.send()
    await wait_until(lambda: fail.begun == count, 20)
    link.down()
    fail.may_fail.set()
    await asyncio.sleep(seconds)  # the outage itself
    link.up()


def _failing(declare):
    """An actor that waits for `may_fail` and then raises."""
    gate = threading.Event()

    def fail() -> None:
        declared.begun += 1
        gate.wait()
        raise ArithmeticError("on purpose")

    declared = declare(fail)
    declared.begun, declared.may_fail = 0, gate
    return declared


async def test_retries_that_redis_cannot_take_end_in_the_dead_letters(link, redis_url):
    broker = FleetBroker(link.url)
    fail = _failing(dramatiq.actor(broker=broker, queue_name="work", max_age=60_000, max_retries=2))
    watcher = FleetBroker(redis_url)
    with working(broker, threads=100):
        await _lose_redis_while_actors_fail(link, fail, count=100, seconds=10)
        await wait_until(lambda: died(redis_url, 100), 40)
    letters = await dead_letters(redis_url)
    assert [(letter.actor, letter.error) for letter in letters] == [("fail", "ArithmeticError: on purpose")] * 100
    assert watcher.do_qsize("work") == 0
    watcher.close()


async def test_stock_dramatiq_loses_those_messages(link, redis_url):
    """The negative control: if this fails, dramatiq has mended itself and SafeRetries may go."""
    broker = RedisBroker(url=link.url, middleware=[Retries(max_retries=2, min_backoff=100)])
    fail = _failing(dramatiq.actor(broker=broker, queue_name="work"))
    with working(broker, threads=4), redis.Redis.from_url(redis_url) as direct:
        await _lose_redis_while_actors_fail(link, fail, count=4, seconds=1)
        await wait_until(lambda: direct.hlen("dramatiq:work.msgs") == 0, 20)
        assert direct.hlen("dramatiq:work.XQ.msgs") == direct.hlen("dramatiq:work.DQ.msgs") == 0
    broker.client.close()


async def test_a_failing_message_is_retried_and_succeeds(broker, redis_url):
    begun = []

    @actor("work", **LIMITS, on=broker)
    async def flaky() -> None:
        begun.append(time.monotonic())
        if len(begun) < 3:
            raise ConnectionError("not yet")

    with working(broker):
        flaky.send()
        await wait_until(lambda: len(begun) == 3 and broker.do_qsize("work") == 0, 15)
    assert begun[1] - begun[0] >= 0.5
    assert await died(redis_url, 0)


async def test_a_message_that_fails_for_good_can_be_retried_or_dropped_by_the_operator(broker, redis_url):
    healthy, runs = False, []

    @actor("work", **{**LIMITS, "max_retries": 0}, on=broker)
    async def sick(name: str) -> None:
        runs.append(name)
        if not healthy:
            raise ArithmeticError(name)

    with working(broker, threads=1):
        for name in "ab":
            sick.send(name)
        await wait_until(lambda: died(redis_url, 2))
        ids = {letter.error: letter.id for letter in await dead_letters(redis_url)}
        healthy = True
        async with Redis.from_url(redis_url) as direct:
            assert await queues.retry(direct, ids["ArithmeticError: a"], ["work"])
            assert await queues.drop(direct, ids["ArithmeticError: b"], ["work"])
            assert not await queues.drop(direct, ids["ArithmeticError: b"], ["work"])
        await wait_until(lambda: runs == ["a", "b", "a"] and broker.do_qsize("work") == 0)
    assert await dead_letters(redis_url) == []


@pytest.mark.parametrize("silently", [False, True], ids=["and its connection", "on a connection that stays open"])
async def test_a_lost_fetch_reply_leaves_no_orphan(link, redis_url, silently):
    broker, sender = FleetBroker(link.url), FleetBroker(redis_url)
    seen = []

    async def note(number: int) -> None:
        seen.append(number)

    receive = actor("work", **LIMITS, on=broker)(note)
    with working(broker):
        link.lose_reply_with(b"note", silently=silently)
        sender.enqueue_many([receive.message(number) for number in range(20)])
        await wait_until(lambda: len(seen) == 20 and sender.do_qsize("work") == 0, 10)
    assert link.replies_lost == 1
    assert sorted(seen) == list(range(20))
    sender.close()


async def test_a_retry_that_waits_in_memory_survives_an_outage(link, redis_url):
    broker, watcher = FleetBroker(link.url), FleetBroker(redis_url)
    begun = []

    @actor("work", **LIMITS, on=broker)
    async def flaky() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise ArithmeticError("not yet")

    with working(broker), redis.Redis.from_url(redis_url) as direct:
        flaky.send()
        await wait_until(lambda: direct.keys(f"{NAMESPACE}:__held__.*.work.DQ"))
        link.down()
        await asyncio.sleep(0.2)
        link.up()
        await wait_until(lambda: len(begun) == 2 and watcher.do_qsize("work") == 0)
    watcher.close()


async def test_what_a_dead_worker_held_comes_back_in_every_queue(redis_url):
    dead, living = (FleetBroker(redis_url, heartbeat_timeout=timedelta(milliseconds=1)) for _ in range(2))
    for queue in ("one", "two"):
        dead.commands.enqueue({queue: {f"message of {queue}": b"data"}})
        assert dead.commands.fetch(queue, 1)
    await asyncio.sleep(0.01)
    recovered = {queue: living.commands.recover(queue) for queue in ("empty", "one", "two", "one")}
    assert recovered == {"empty": 0, "one": 0, "two": 1}
    assert [(await depth(redis_url, queue)).waiting for queue in ("one", "two")] == [1, 1]
    with redis.Redis.from_url(redis_url) as direct:
        assert direct.zrange(f"{NAMESPACE}:__heartbeats__", 0, -1) == [living.commands.worker.encode()]
    dead.close()
    living.close()


async def test_an_acknowledgement_during_an_outage_is_made_up_for(link, redis_url):
    broker, watcher = FleetBroker(link.url), FleetBroker(redis_url)
    runs, gate = [], threading.Event()

    @actor("work", **LIMITS, on=broker)
    async def slow() -> None:
        runs.append(1)
        await asyncio.to_thread(gate.wait)

    with working(broker):
        slow.send()
        await wait_until(lambda: runs)
        link.down()
        gate.set()
        await asyncio.sleep(0.5)
        link.up()
        await wait_until(lambda: watcher.do_qsize("work") == 0)
    assert len(runs) == 1
    watcher.close()


async def test_an_acknowledgement_that_meets_a_read_only_replica_is_made_up_for(broker, redis_url):
    runs, gate = [], threading.Event()

    @actor("work", **LIMITS, on=broker)
    async def slow() -> None:
        runs.append(1)
        await asyncio.to_thread(gate.wait)

    with working(broker), redis.Redis.from_url(redis_url) as operator:
        slow.send()
        await wait_until(lambda: runs)
        operator.replicaof("127.0.0.1", "1")
        try:
            gate.set()
            await asyncio.sleep(0.5)
        finally:
            operator.replicaof("NO", "ONE")
        await wait_until(lambda: broker.do_qsize("work") == 0)
    assert len(runs) == 1


def _poison(redis_url: str, data: bytes) -> None:
    with redis.Redis.from_url(redis_url) as direct:
        direct.hset(f"{NAMESPACE}:work.msgs", f"poison-{hash(data)}", data)
        direct.rpush(f"{NAMESPACE}:work", f"poison-{hash(data)}")


async def test_poison_is_quarantined_and_its_neighbours_are_processed(broker, redis_url):
    seen = []

    @actor("work", **LIMITS, on=broker)
    async def note(number: int) -> None:
        seen.append(number)

    healthy = note.message(0)
    poisons = {
        b"\xc1 not msgpack": "cannot be decoded",
        b"": "cannot be decoded",
        b"\x91" * 100_000: "cannot be decoded",
        bytes(50_000_000): "cannot be decoded",
        healthy.encode()[:-3]: "cannot be decoded",
        healthy.encode().replace(b"\xa1v\x01", b"\xa1v\x09"): "message version 9",
        healthy.copy(actor_name="nobody").encode(): "no actor is named 'nobody'",
        healthy.copy(queue_name="other").encode(): "belongs to queue 'other'",
    }
    for number, data in enumerate(poisons):
        note.send(number)
        _poison(redis_url, data)
    note.send(len(poisons))
    with working(broker):
        await wait_until(lambda: len(seen) == len(poisons) + 1 and broker.do_qsize("work") == 0)
    assert sorted(seen) == list(range(len(poisons) + 1))
    with redis.Redis.from_url(redis_url) as direct:
        kept = direct.lrange(broker.commands.quarantine_key, 0, -1)
    records = [msgspec.msgpack.decode(each, type=quarantine.Quarantined) for each in kept]
    assert len(records) == len(poisons)
    for record, (data, reason) in zip(reversed(records), poisons.items(), strict=True):
        assert reason in record.reason
        assert (record.queue, record.size, record.data) == ("work", len(data), data[: quarantine.KEPT_BYTES])
    assert [(each.reason, each.size) for each in await quarantined(redis_url)] == [
        (record.reason, record.size) for record in records
    ]


async def test_stale_messages_are_dropped_and_do_not_fill_the_dead_letters(broker, redis_url):
    seen = []

    @actor("work", **{**LIMITS, "max_age": timedelta(seconds=60)}, on=broker)
    async def note(number: int) -> None:
        seen.append(number)

    old, young = note.message(1), note.message(2)
    object.__setattr__(old, "message_timestamp", old.message_timestamp - 60_001)
    broker.enqueue_many([old, young])
    with working(broker):
        await wait_until(lambda: broker.do_qsize("work") == 0)
    assert seen == [2]
    assert await died(redis_url, 0)


async def test_a_message_may_have_a_shorter_life_than_its_actor_allows(broker):
    seen = []

    @actor("work", **LIMITS, on=broker)
    async def note(number: int) -> None:
        seen.append(number)

    short, full = note.message_with_options(args=(1,), max_age=1_000), note.message(2)
    for message in (short, full):
        object.__setattr__(message, "message_timestamp", message.message_timestamp - 1_001)
    broker.enqueue_many([short, full])
    with working(broker):
        await wait_until(lambda: broker.do_qsize("work") == 0)
    assert seen == [2]


async def test_what_is_unavailable_to_the_end_is_left_to_the_next_cycle(broker, redis_url):
    runs = []

    @actor("work", **{**LIMITS, "max_retries": 1}, on=broker)
    async def ask() -> None:
        runs.append(1)
        raise Unavailable("the exchange is away")

    with capture_logs() as logs, working(broker):
        ask.send()
        await wait_until(lambda: broker.do_qsize("work") == 0)
    assert len(runs) == 2
    assert await died(redis_url, 0)
    assert [entry["reason"] for entry in logs if entry["log_level"] == "warning"] == ["the exchange is away"]


async def test_work_past_its_time_limit_is_cancelled_and_fails(broker, redis_url):
    cancelled = []

    @actor("work", **{**LIMITS, "time_limit": timedelta(seconds=0.1), "max_retries": 0}, on=broker)
    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    with working(broker):
        endless.send()
        await wait_until(lambda: died(redis_url, 1))
    assert cancelled == [1]
    assert [letter.error for letter in await dead_letters(redis_url)] == ["TimeoutError"]


async def test_dead_letters_and_quarantine_are_bounded(broker, redis_url, monkeypatch):
    monkeypatch.setattr("workers.commands.DEAD_LETTERS_MAX", 5)
    monkeypatch.setattr("workers.commands.QUARANTINE_MAX", 5)

    @actor("work", **{**LIMITS, "max_retries": 0}, on=broker)
    async def sick(_number: int) -> None:
        raise ArithmeticError

    broker.enqueue_many([sick.message(number) for number in range(9)])
    broker.enqueue_many([sick.message(number).copy(actor_name="nobody") for number in range(9)])
    with working(broker):
        await wait_until(lambda: broker.do_qsize("work") == 0)
    assert (await depth(redis_url)).dead == len(await dead_letters(redis_url)) == 5
    assert len(await quarantined(redis_url)) == 5


def test_nothing_answers_before_connect_and_the_error_is_dramatiqs():
    with pytest.raises(ConnectionClosed, match="not-connected"):
        FleetBroker().do_qsize("work")


async def test_stopping_gives_back_everything_unbegun(broker, redis_url):
    begun, gate = [], threading.Event()

    @actor("work", **LIMITS, on=broker)
    async def slow(number: int) -> None:
        begun.append(number)
        await asyncio.to_thread(gate.wait)

    with working(broker, threads=1):
        broker.enqueue_many([slow.message(number) for number in range(10)])
        await wait_until(lambda: begun)
        gate.set()
    left = await depth(redis_url)
    assert left.waiting == left.unsettled == 10 - len(begun)
