"""A holder's streams are counted over the fleet; what a dead process held is free after a while."""

import asyncio
import contextlib

import pytest
from redis.asyncio import Redis

from services import endings
from services.coordination.stream_shares import StreamShares
from services.domain.errors import TooMany
from tests.servers import wait_until


@contextlib.asynccontextmanager
async def telling(shares):
    task = asyncio.create_task(shares.told())
    try:
        yield
    finally:
        await endings.end([task])


async def admitted(shares, holder) -> bool:
    """Whether the holder may have one more; it is given back at once."""
    try:
        shares.give_back(await shares.take(holder))
    except TooMany:
        return False
    await shares.tell_returned()
    return True


async def test_those_who_ask_at_once_get_no_more_than_their_share(redis):
    here, there = StreamShares(redis, 5), StreamShares(redis, 5)
    asked = [shares.take(holder) for holder in ("anna", "ben") for shares in (here, there) for _ in range(10)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for whose in (answers[:20], answers[20:]):
        assert sum(isinstance(answer, TooMany) for answer in whose) == 15


async def test_what_is_given_back_is_free_elsewhere(redis):
    here, there = StreamShares(redis, 1, seconds=3600), StreamShares(redis, 1)
    async with telling(here):
        lease = await here.take("anna")
        here.keep(lease)
        assert not await admitted(there, "anna")
        here.give_back(lease)
        await wait_until(lambda: admitted(there, "anna"))


async def test_what_a_dead_process_held_is_free_after_a_while_and_what_a_living_one_holds_is_not(redis):
    dead, alive, asking = (StreamShares(redis, 1, seconds=0.3) for _ in range(3))
    async with telling(alive):
        alive.keep(await alive.take("anna"))
        dead.keep(await dead.take("ben"))
        assert not await admitted(asking, "ben")
        await wait_until(lambda: admitted(asking, "ben"))
        assert not await admitted(asking, "anna")


async def test_a_stream_that_never_begins_is_free_after_a_while(redis):
    shares = StreamShares(redis, 1, seconds=0.3)
    async with telling(shares):
        await shares.take("anna")
        assert not await admitted(shares, "anna")
        await wait_until(lambda: admitted(shares, "anna"))


async def test_what_redis_has_forgotten_it_is_told_again(redis):
    here, there = StreamShares(redis, 1, seconds=0.9), StreamShares(redis, 1)
    async with telling(here):
        here.keep(await here.take("anna"))
        await redis.flushall()
        await wait_until(lambda: redis.exists("streams:anna"))
        assert not await admitted(there, "anna")


async def test_without_redis_a_process_counts_its_own():
    async with Redis.from_url("redis://127.0.0.1:1") as nowhere:
        shares = StreamShares(nowhere, 2)
        answers = await asyncio.gather(*(shares.take("anna") for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(answer, TooMany) for answer in answers) == 3
        assert await admitted(shares, "ben")


async def test_a_redis_that_hangs_keeps_nobody_waiting_for_long():
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            await reader.read()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server, Redis.from_url(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}") as hanging:
        shares = StreamShares(hanging, 2)
        async with asyncio.timeout(20):
            for _ in range(2):
                await shares.take("anna")
            with pytest.raises(TooMany):
                await shares.take("anna")
