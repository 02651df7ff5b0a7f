import psycopg
import pytest
import redis.asyncio

from tests.servers import wait_until


async def test_each_test_has_a_database_of_its_own(database_url, servers):
    with servers.database() as other_url:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            await connection.execute("CREATE TABLE mine (id int)")
        async with await psycopg.AsyncConnection.connect(other_url) as connection:
            seen = await connection.execute("SELECT to_regclass('mine')")
            assert await seen.fetchone() == (None,)


async def test_valkey_starts_empty_and_keeps_nothing_on_disk(redis_url, servers):
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("key", "value")
        assert await client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    async with redis.asyncio.Redis.from_url(servers.empty_valkey()) as client:
        assert await client.dbsize() == 0


async def test_a_killed_server_comes_back_with_what_was_committed(database_url, servers):
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("CREATE TABLE kept (id int)")
    servers.processes["postgres"].kill()
    await wait_until(lambda: servers.processes["postgres"].poll() is not None)
    await servers.start()
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("SELECT id FROM kept")


async def test_wait_until_takes_plain_and_async_conditions_and_names_the_one_that_failed():
    async def later() -> str:
        return "seen"

    assert await wait_until(later) == "seen"
    assert await wait_until(lambda: 1) == 1
    with pytest.raises(AssertionError, match="never_true"):
        await wait_until(never_true, deadline=0.05)


def never_true() -> bool:
    return False
