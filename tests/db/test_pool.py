"""The pool gives connections that work, whatever has become of them meanwhile."""

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from services.bootstrap import build
from services.db.pool import _OPTIONS, _SINCE, create, outlast
from services.domain.finding import Level
from services.usecases.examine_sessions import examine_sessions
from tests.api.running import NOWHERE, settings_of_test


@pytest.fixture
async def pool(database_url):
    """A pool of one connection."""
    pool = create(database_url, 1, name="test pool")
    await pool.open(wait=True)
    yield pool
    await pool.close()


async def ended(pool, url):
    """End the pool's connection at the server, as a restart does, and wait until it is gone there."""
    async with pool.connection() as connection:
        pid = connection.info.backend_pid
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    return pid


async def pid_of(connection):
    """The connection's process, asked of the server."""
    row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
    return row[0]


async def test_a_connection_that_was_ended_just_after_its_use_is_replaced(pool, database_url):
    gone = await ended(pool, database_url)
    async with pool.connection() as connection:
        assert await pid_of(connection) != gone
    gone = await ended(pool, database_url)
    assert await pool.first("SELECT pg_backend_pid()") != (gone,)


async def test_a_statement_that_only_reads_has_no_transaction_around_it(pool):
    """So it would be committed by itself, were it one that writes."""
    async with pool.connection() as connection:
        await connection.execute("CREATE TABLE written (number int)")
        assert connection.info.transaction_status is TransactionStatus.INTRANS
    await pool.first("INSERT INTO written VALUES (%s) RETURNING number", 1)
    assert await pool.first("SELECT number FROM written") == (1,)


async def test_a_read_that_fails_leaves_a_pool_that_writes_in_transactions(pool):
    with pytest.raises(psycopg.errors.DivisionByZero):
        await pool.first("SELECT 1 / %s::int", 0)
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
        assert connection.info.transaction_status is TransactionStatus.INTRANS


async def test_a_connection_ended_while_it_reads_is_not_given_again(pool):
    with pytest.raises(psycopg.OperationalError):
        await pool.first("SELECT pg_terminate_backend(pg_backend_pid())")
    async with pool.connection() as connection:
        assert await pid_of(connection) > 0


@pytest.fixture
def settings(database_url, redis_url):
    return settings_of_test(database_url, redis_url, NOWHERE)


async def dribble(connection):
    """Quick statements for longer than a second."""
    for _ in range(13):
        await connection.execute("SELECT pg_sleep(0.1)")


async def test_a_transaction_that_goes_on_for_ever_is_ended_unless_it_says_that_it_outlasts(settings, monkeypatch):
    monkeypatch.setattr("services.db.pool.TRANSACTION_TIMEOUT", "1s")
    async with build(settings) as services:
        with pytest.raises(psycopg.OperationalError, match="transaction timeout"):
            async with services.pool.connection() as connection:
                await dribble(connection)
        async with services.pool.connection() as connection:
            await outlast(connection)
            await dribble(connection)
            await connection.commit()
            with pytest.raises(psycopg.errors.TransactionTimeout):
                await dribble(connection)


async def test_a_server_is_not_asked_for_what_it_does_not_know(settings, monkeypatch):
    monkeypatch.setitem(_OPTIONS, "timeout_of_tomorrow", "1s")
    monkeypatch.setitem(_SINCE, "timeout_of_tomorrow", 990000)
    async with build(settings) as services, services.pool.connection() as connection:
        row = await (await connection.execute("SHOW transaction_timeout")).fetchone()
        assert row == ("1min",)
    assert {each.level for each in await examine_sessions(settings)} == {Level.OK}
