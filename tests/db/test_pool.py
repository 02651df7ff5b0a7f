"""The pool gives connections that work, whatever has become of them meanwhile."""

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from services.db.pool import create


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
