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


async def pid_of(giver):
    """The process of a connection or a cursor, asked of the server."""
    row = await (await giver.execute("SELECT pg_backend_pid()")).fetchone()
    return row[0]


async def test_a_connection_that_was_ended_just_after_its_use_is_replaced(pool, database_url):
    gone = await ended(pool, database_url)
    async with pool.connection() as connection:
        assert await pid_of(connection) != gone
    gone = await ended(pool, database_url)
    async with pool.reading() as cursor:
        assert await pid_of(cursor) != gone


async def test_a_statement_that_only_reads_has_no_transaction_around_it(pool):
    async with pool.reading() as cursor:
        await cursor.execute("SELECT 1")
        assert cursor.connection.info.transaction_status is TransactionStatus.IDLE
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
        assert connection.info.transaction_status is TransactionStatus.INTRANS


async def test_a_read_that_fails_leaves_a_pool_that_writes_in_transactions(pool):
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with pool.reading() as cursor:
            await cursor.execute("SELECT 1 / 0")
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
        assert connection.info.transaction_status is TransactionStatus.INTRANS


async def test_statements_read_after_one_another_keep_their_own_types(pool):
    """A connection's reads share a cursor, which knows the types of the statement before."""
    for statement, value in [("SELECT %s::text", "a"), ("SELECT %s::bigint", 7), ("SELECT %s::text", "b")]:
        async with pool.reading() as cursor:
            await cursor.execute(statement, [value])
            assert await cursor.fetchone() == (value,)


async def test_a_connection_ended_while_it_reads_is_not_given_again(pool, database_url):
    with pytest.raises(psycopg.OperationalError):
        async with pool.reading() as cursor:
            await ended_inside(cursor, database_url)
    async with pool.connection() as connection:
        assert await pid_of(connection) > 0


async def ended_inside(cursor, url):
    """End a connection in use, and then use it."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 10000)", [cursor.connection.info.backend_pid])
    await cursor.execute("SELECT 1")
