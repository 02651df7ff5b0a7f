"""What is done to a fleet: each fault is an async function of the ground and the dice, and ends by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import msgspec
import psutil
import psycopg
import redis.asyncio
from redis.exceptions import RedisError

from deploy.local.process import exited
from tests.chaos.ground import CONTINUE, STOP, Ground
from workers.actors import broker
from workers.broker import NAMESPACE

Fault = Callable[[Ground, Random], Awaitable[None]]

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
    """kill -9 of one process of a kind; another takes its place at once."""

    async def act(ground: Ground, chance: Random) -> None:
        if names := ground.names(kind):
            name = chance.choice(names)
            ground.note("killed", name=name)
            ground.fleet.kill(name)
            ground.spawn(name)

    return act


def freeze(kind: str, least: float, most: float) -> Fault:
    """A process stands still for some seconds, and thaws."""

    async def act(ground: Ground, chance: Random) -> None:
        if not (names := ground.names(kind)):
            return
        name, seconds = chance.choice(names), chance.uniform(least, most)
        process = ground.fleet.processes[name]
        ground.note("frozen", name=name, seconds=seconds)
        ground.frozen.add(name)
        process.send_signal(STOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            process.send_signal(CONTINUE)
            ground.frozen.discard(name)

    return act


def replace(kind: str) -> Fault:
    """SIGTERM to one process of a kind; it must end in order, and then another takes its place."""

    async def act(ground: Ground, chance: Random) -> None:
        names = ground.names(kind)
        if len(names) < 2:
            return
        name = chance.choice(names)
        ground.note("replaced", name=name)
        process = ground.fleet.processes.pop(name)
        process.terminate()
        code = await asyncio.wait_for(exited(process), STOP_SECONDS)
        if code != 0:
            ground.died.append(f"{name} ended with {code} when told to end")
        ground.spawn(name)
        await ground.ready(name)

    return act


async def valkey_flushed(ground: Ground, _: Random) -> None:
    """Everything in Valkey is forgotten."""
    ground.note("FLUSHALL")
    async with _valkey(ground) as valkey:
        await valkey.flushall()


async def valkey_restarted(ground: Ground, chance: Random) -> None:
    """Valkey is killed, is away for a moment, and comes back empty."""
    ground.note("valkey killed")
    process = ground.servers.processes["valkey"]
    process.kill()
    await exited(process)
    await asyncio.sleep(chance.uniform(0, 1))
    await ground.servers.start()


async def valkey_full(ground: Ground, chance: Random) -> None:
    """Valkey refuses every write for want of memory."""
    ground.note("valkey full")
    async with _valkey(ground) as valkey:
        await valkey.config_set("maxmemory", "1")
        try:
            await asyncio.sleep(chance.uniform(0.3, 1.5))
        finally:
            await valkey.config_set("maxmemory", "0")


async def valkey_unreachable(ground: Ground, chance: Random) -> None:
    """Every connection to Valkey is cut, and none is had for a moment."""
    ground.note("valkey unreachable")
    ground.redis_link.down()
    await asyncio.sleep(chance.uniform(0.2, 1.5))
    ground.redis_link.up()


def replies_lost(share: float, seconds: float) -> Fault:
    """Of what both servers answer, this share never arrives."""

    async def act(ground: Ground, _: Random) -> None:
        links = (ground.redis_link, ground.database_link)
        before = sum(link.replies_lost for link in links)
        for link in links:
            link.lose(share)
        await asyncio.sleep(seconds)
        for link in links:
            link.lose(0)
        lost = sum(link.replies_lost for link in links) - before
        ground.note("replies lost", fault=False, count=lost)
        ground.faults += lost

    return act


async def postgres_killed(ground: Ground, _: Random) -> None:
    """PostgreSQL is killed and started again: recovery, as after a power cut of the process."""
    ground.note("postgres killed")
    process = ground.servers.processes["postgres"]
    process.kill()
    await exited(process)
    await ground.servers.start()


async def backends_terminated(ground: Ground, _: Random) -> None:
    """Every connection to the database is ended by the server, in the middle of whatever it does."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"
    with suppress(psycopg.OperationalError):
        async with await psycopg.AsyncConnection.connect(ground.settings.database_url) as connection:
            rows = await (await connection.execute(query, [connection.info.dbname])).fetchall()
        ground.note("backends terminated", count=len(rows))


async def postgres_full(ground: Ground, chance: Random) -> None:
    """Somebody holds every connection that the server has to give."""
    ground.note("connections taken")
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

    async def act(ground: Ground, _: Random) -> None:
        server = psutil.Process(ground.servers.processes["postgres"].pid)
        stopped = [server, *server.children(recursive=True)]
        ground.note("postgres frozen", seconds=seconds, processes=len(stopped))
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            await asyncio.sleep(seconds)
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    return act


def exchange(*kinds: str, probability: float = 0.3, seconds: float = 0.6, **options: object) -> Fault:
    """The exchange fails in one of these ways for a while."""

    async def act(ground: Ground, chance: Random) -> None:
        kind = chance.choice(kinds)
        told = {"retry_after": 3, "ms": 700, **options}
        ground.note("exchange", kind=kind, **told)
        await ground.simulator.add_fault(kind, probability=probability, seconds=seconds, **told)
        await asyncio.sleep(seconds)

    return act


async def impossible_prices(ground: Ground, chance: Random) -> None:
    """Prices that are none: in klines, tickers and trades alike."""
    value = chance.choice(PRICES)
    ground.note("impossible prices", value=value)
    await ground.simulator.add_fault("nan", probability=0.3, seconds=0.8, value=value)
    await asyncio.sleep(0.8)


async def wild_prices(ground: Ground, chance: Random) -> None:
    """Answers whose prices are a hundred times too high or too low, never the same twice."""
    factor = chance.choice(("100", "0.01"))
    ground.note("wild prices", factor=factor)
    await ground.simulator.add_fault("jump", probability=0.2, seconds=0.8, value=factor)
    await asyncio.sleep(0.8)


async def repeated_messages(ground: Ground, chance: Random) -> None:
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
    ground.faults += len(again)
    ground.note("messages repeated", fault=False, count=len(again))


def _as_of_now(data: bytes) -> bytes:
    """The message with a new date: else what comes late would be dropped for its age."""
    try:
        message = msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return data
    if not isinstance(message, dict):
        return data
    return msgspec.msgpack.encode(message | {"message_timestamp": time.time_ns() // 1_000_000})


async def poison(ground: Ground, chance: Random) -> None:
    """Bytes that no worker understands, in every queue."""
    async with _valkey(ground) as valkey:
        for queue in QUEUES:
            name = f"poison-{chance.getrandbits(64):x}"
            data = chance.choice((b"", b"\xc1", chance.randbytes(60), b"\x91" * 10_000, b"\x00" * 2_000_000))
            await valkey.hset(f"{NAMESPACE}:{queue}.msgs", name, data)
            await valkey.rpush(f"{NAMESPACE}:{queue}", name)
            ground.note("poison", queue=queue, size=len(data))


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
    ground.note("calm", fault=False)
