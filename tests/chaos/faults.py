"""What is done to a fleet."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import NamedTuple, Protocol

import msgspec
import psutil
import psycopg
import redis.asyncio
from redis.exceptions import RedisError

from deploy.local.process import exited
from tests.chaos.ground import CONTINUE, STOP, Absence, Ground
from workers.actors import broker
from workers.broker import NAMESPACE


class Hit(Protocol):
    """Tells the ground that the fault has been done, and the raw log how."""

    def __call__(self, **details: object) -> None: ...


Act = Callable[[Ground, Random, Hit], Awaitable[None]]


class Fault(NamedTuple):
    """`act` does it and ends by itself; where there is nothing to do it to, it tells of no hit."""

    kind: str
    act: Act


def _fault(kind: str) -> Callable[[Act], Fault]:
    return lambda act: Fault(kind, act)


STOP_SECONDS = 30
QUEUES = sorted(broker.get_declared_queues())
PRICES = ("NaN", "Infinity", "-Infinity", "0", "0.00000000", "-1", "1e308", "junk", "")
REFUSALS = ("429", "418", "500", "503", "408")
BLOCKED = ("403", "451")
"""After one of these nobody asks a market anything for five minutes."""
BROKEN = ("timeout", "slow", "drop", "truncate", "html", "garbage")
ROWS = ("missing_symbol", "duplicate_symbol", "renamed_symbol")
CONNECTIONS_MAX = 120
LOOKS, PASSED_MAX = 60, 300
"""How often the queues are looked into for messages, and how many old ones are kept to come again."""
REPEATED_MAX, WAITING_MAX = 1_000, 3_000
"""How many come again at once, and with how many in the queues none does."""


def murder(kind: str) -> Fault:
    """kill -9 of one process of a kind, or of the one of that name; another takes its place at once."""

    @_fault(f"{kind} killed")
    async def fault(ground: Ground, chance: Random, hit: Hit) -> None:
        if names := ground.names(kind):
            name = chance.choice(names)
            hit(name=name)
            ground.fleet.kill(name)
            ground.spawn(name)

    return fault


def away(kind: str, least: float, most: float) -> Fault:
    """kill -9 of every process of a kind; none of it is there for some seconds."""

    @_fault(f"every {kind} away")
    async def fault(ground: Ground, chance: Random, hit: Hit) -> None:
        if not (names := ground.names(kind)):
            return
        seconds = chance.uniform(least, most)
        hit(names=names, seconds=seconds)
        ground.fleet.kill(*names)
        try:
            await asyncio.sleep(seconds)
        finally:
            for name in names:
                ground.spawn(name)

    return fault


def freeze(kind: str, least: float, most: float) -> Fault:
    """A process stands still for some seconds, and thaws."""

    @_fault(f"{kind} frozen")
    async def fault(ground: Ground, chance: Random, hit: Hit) -> None:
        if not (names := ground.names(kind)):
            return
        name, seconds = chance.choice(names), chance.uniform(least, most)
        process, began = ground.fleet.processes[name], time.time()
        hit(name=name, seconds=seconds)
        ground.frozen.add(name)
        process.send_signal(STOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            process.send_signal(CONTINUE)
            ground.frozen.discard(name)
            ground.stood_still.append(Absence(name, began, time.time()))

    return fault


def replace(kind: str) -> Fault:
    """SIGTERM to one process of a kind; it must end in order, and then another takes its place."""

    @_fault(f"{kind} replaced")
    async def fault(ground: Ground, chance: Random, hit: Hit) -> None:
        names = ground.names(kind)
        if len(names) < 2:
            return
        name = chance.choice(names)
        hit(name=name)
        process = ground.fleet.processes.pop(name)
        process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                code = await exited(process)
        finally:
            process.kill()
            process.wait()
            ground.spawn(name)
        if code != 0:
            ground.died.append(f"{name} ended with {code} when told to end")
        await ground.ready(name)

    return fault


@_fault("valkey emptied")
async def valkey_flushed(ground: Ground, _: Random, hit: Hit) -> None:
    """Everything in Valkey is forgotten."""
    hit()
    async with _valkey(ground) as valkey:
        await valkey.flushall()
    await _forgiven(ground)


@_fault("valkey killed")
async def valkey_restarted(ground: Ground, chance: Random, hit: Hit) -> None:
    """Valkey is killed, is away for a moment, and comes back empty."""
    hit()
    process = ground.servers.processes["valkey"]
    process.kill()
    await exited(process)
    await asyncio.sleep(chance.uniform(0, 1))
    await ground.servers.start()
    await _forgiven(ground)


async def _forgiven(ground: Ground) -> None:
    """The exchange asks nobody to wait any more: a process that starts now cannot know that it did."""
    await ground.simulator.clear_faults()


@_fault("valkey full")
async def valkey_full(ground: Ground, chance: Random, hit: Hit) -> None:
    """Valkey refuses every write for want of memory."""
    hit()
    async with _valkey(ground) as valkey:
        await valkey.config_set("maxmemory", "1")
        try:
            await asyncio.sleep(chance.uniform(0.3, 1.5))
        finally:
            await valkey.config_set("maxmemory", "0")


@_fault("valkey unreachable")
async def valkey_unreachable(ground: Ground, chance: Random, hit: Hit) -> None:
    """Every connection to Valkey is cut, and none is had for a moment."""
    hit()
    ground.redis_link.down()
    try:
        await asyncio.sleep(chance.uniform(0.2, 1.5))
    finally:
        ground.redis_link.up()


def replies_lost(share: float, seconds: float, *, silently: bool = False) -> Fault:
    """Of what both servers answer, this share never arrives. `silently`: the connection stays open, and is dead."""

    @_fault("replies lost silently" if silently else "replies lost")
    async def fault(ground: Ground, _: Random, hit: Hit) -> None:
        links = (ground.redis_link, ground.database_link)
        before = sum(link.replies_lost for link in links)
        for link in links:
            link.lose(share, silently=silently)
        try:
            await asyncio.sleep(seconds)
        finally:
            for link in links:
                link.lose(0)
            if lost := sum(link.replies_lost for link in links) - before:
                hit(count=lost)

    return fault


@_fault("postgres killed")
async def postgres_killed(ground: Ground, _: Random, hit: Hit) -> None:
    """PostgreSQL is killed and started again: recovery, as after a power cut of the process."""
    hit()
    process = ground.servers.processes["postgres"]
    process.kill()
    await exited(process)
    await ground.servers.start()


@_fault("backends terminated")
async def backends_terminated(ground: Ground, _: Random, hit: Hit) -> None:
    """Every connection to the database is ended by the server, in the middle of whatever it does."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"
    with suppress(psycopg.OperationalError):
        async with await psycopg.AsyncConnection.connect(ground.settings.database_url) as connection:
            rows = await (await connection.execute(query, [connection.info.dbname])).fetchall()
        hit(count=len(rows))


@_fault("postgres full")
async def postgres_full(ground: Ground, chance: Random, hit: Hit) -> None:
    """Somebody holds every connection that the server has to give."""
    hit()
    held: list[psycopg.AsyncConnection] = []
    try:
        with suppress(psycopg.OperationalError):
            while len(held) < CONNECTIONS_MAX:
                held.append(await psycopg.AsyncConnection.connect(ground.settings.database_url, connect_timeout=5))
        await asyncio.sleep(chance.uniform(0.5, 1.5))
    finally:
        for connection in held:
            await connection.close()


def postgres_frozen(seconds: float) -> Fault:
    """Every process of PostgreSQL stands still."""

    @_fault("postgres frozen")
    async def fault(ground: Ground, _: Random, hit: Hit) -> None:
        server = psutil.Process(ground.servers.processes["postgres"].pid)
        stopped = [server, *server.children(recursive=True)]
        hit(seconds=seconds, processes=len(stopped))
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            await asyncio.sleep(seconds)
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    return fault


def exchange(*ways: str, probability: float = 0.3, seconds: float = 0.6, **options: object) -> tuple[Fault, ...]:
    """The exchange fails for a while: one fault for each of these ways."""
    return tuple(_exchange(way, probability, seconds, options) for way in ways)


def _exchange(way: str, probability: float, seconds: float, options: dict[str, object]) -> Fault:
    @_fault(" ".join(["exchange", way, *map(str, options.values())]))
    async def fault(ground: Ground, _: Random, hit: Hit) -> None:
        told = {"retry_after": 3, "ms": 700, **options}
        hit(**told)
        await ground.simulator.add_fault(way, probability=probability, seconds=seconds, **told)
        await asyncio.sleep(seconds)

    return fault


@_fault("impossible prices")
async def impossible_prices(ground: Ground, chance: Random, hit: Hit) -> None:
    """Prices that are none: in klines, tickers and trades alike."""
    value = chance.choice(PRICES)
    hit(value=value)
    await ground.simulator.add_fault("nan", probability=0.3, seconds=0.8, value=value)
    await asyncio.sleep(0.8)


@_fault("wild prices")
async def wild_prices(ground: Ground, chance: Random, hit: Hit) -> None:
    """Answers whose prices are a hundred times too high or too low, never the same twice."""
    factor = chance.choice(("100", "0.01"))
    hit(factor=factor)
    await ground.simulator.add_fault("jump", probability=0.2, seconds=0.8, value=factor)
    await asyncio.sleep(0.8)


@_fault("messages repeated")
async def repeated_messages(ground: Ground, chance: Random, hit: Hit) -> None:
    """What passes through the queues for a second is delivered up to five times more, out of order, soon or later."""
    seen: dict[bytes, tuple[str, bytes]] = {}
    async with _valkey(ground) as valkey:
        for _ in range(LOOKS):
            for queue in QUEUES:
                found = await valkey.hgetall(f"{NAMESPACE}:{queue}.msgs")
                seen |= {redis_id: (queue, data) for redis_id, data in found.items()}
            await asyncio.sleep(0.01)
        ground.passed += seen.values()
        del ground.passed[:-PASSED_MAX]
        if len(seen) > WAITING_MAX:
            return  # repeats bring forth repeats: the workers are left to catch up, however slow they are
        again = [each for each in [*seen.values(), *ground.passed] for _ in range(chance.randint(0, 2))]
        chance.shuffle(again)
        del again[REPEATED_MAX:]
        for number, (queue, data) in enumerate(again):
            redis_id = f"again-{chance.getrandbits(64):x}-{number}"
            await valkey.hset(f"{NAMESPACE}:{queue}.msgs", redis_id, _as_of_now(data))
            push = valkey.lpush if chance.random() < 0.5 else valkey.rpush
            await push(f"{NAMESPACE}:{queue}", redis_id)
    if again:
        hit(count=len(again))


def _as_of_now(data: bytes) -> bytes:
    """The message with a new date: else what comes late would be dropped for its age."""
    try:
        message = msgspec.msgpack.decode(data)
    except (ValueError, RecursionError):  # DecodeError is one, and what becomes of bytes that are no text is another
        return data
    if not isinstance(message, dict):
        return data
    return msgspec.msgpack.encode(message | {"message_timestamp": time.time_ns() // 1_000_000})


@_fault("poison")
async def poison(ground: Ground, chance: Random, hit: Hit) -> None:
    """Bytes that no worker understands, in every queue."""
    sizes = []
    async with _valkey(ground) as valkey:
        for queue in QUEUES:
            name = f"poison-{chance.getrandbits(64):x}"
            data = chance.choice((b"", b"\xc1", chance.randbytes(60), b"\x91" * 10_000, b"\x00" * 2_000_000))
            await valkey.hset(f"{NAMESPACE}:{queue}.msgs", name, data)
            await valkey.rpush(f"{NAMESPACE}:{queue}", name)
            sizes.append(len(data))
    hit(sizes=sizes)


def _valkey(ground: Ground) -> redis.asyncio.Redis:
    return redis.asyncio.Redis.from_url(ground.settings.redis_url)


async def calm(ground: Ground) -> None:
    """End whatever is still wrong, so that the fleet can show what it makes of it."""
    for link in (ground.redis_link, ground.database_link):
        link.lose(0)
        link.up()
    await ground.simulator.clear_faults()
    await ground.servers.start()
    with suppress(RedisError):
        async with _valkey(ground) as valkey:
            await valkey.config_set("maxmemory", "0")
    for name in sorted(ground.frozen):
        ground.fleet.processes[name].send_signal(CONTINUE)
    ground.frozen.clear()
    ground.note("calm")
