"""Writers of the same accounts queue up: whatever the order of their trades, none waits for one that waits for it."""

import asyncio

import psycopg

from services.domain.market import Market
from services.usecases.judge_paths import judge_paths
from tests.evaluation.desk import Desk, bar, open_pool, path
from tests.servers import wait_until

ACCOUNTS, ROUNDS = 150, 3
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_WRITTEN = """
    SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.mode = 'RowExclusiveLock' AND l.pid IN (SELECT pid FROM pg_locks WHERE NOT granted)"""
"""The tables into which those that wait for a lock have written."""
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def test_two_writers_of_a_hundred_and_fifty_accounts_never_deadlock(database_url: str):
    pool = await open_pool(database_url)
    try:
        desk = await Desk(pool).set_up(("BTCUSDT", "ETHUSDT"))
        accounts = [await desk.account(f"account {number}") for number in range(ACCOUNTS)]
        bitcoin = desk.instrument()
        for round_ in range(ROUNDS):
            await desk.add_many(ACCOUNTS, "95", "110", accounts)
            ether = desk.instrument("ETHUSDT", Market.FUTURES)
            desk.instruments[Market.FUTURES, "BTCUSDT"] = ether
            await desk.add_many(ACCOUNTS, "95", "110", accounts[::-1])
            desk.instruments[Market.FUTURES, "BTCUSDT"] = bitcoin
            hit = [bar(round_, "100", "100", "90", "100")]
            paths = [path(each, round_, round_ + 1, hit) for each in (bitcoin, ether)]
            async with await psycopg.AsyncConnection.connect(database_url) as holder:
                await holder.execute("SELECT FROM accounts FOR NO KEY UPDATE")
                writers = [asyncio.create_task(judge_paths(pool, [each])) for each in paths]
                await wait_until(lambda: _are_waiting(database_url, 2))
            judged = await asyncio.gather(*writers)
            assert [each.closed for each in judged] == [ACCOUNTS] * 2
        assert await desk.violations() == []
    finally:
        await pool.close()
    async with await psycopg.AsyncConnection.connect(database_url) as connection:  # a backend tells when it ends
        assert (await (await connection.execute(_DEADLOCKS)).fetchone())[0] == 0


async def test_accounts_are_locked_in_the_order_of_their_ids(database_url: str):
    pool = await open_pool(database_url)
    try:
        desk = await Desk(pool).set_up(("BTCUSDT",))
        accounts = [await desk.account(f"account {number}") for number in range(40)]
        await desk.add_many(len(accounts), "95", "110", accounts[::-1])
        hit = path(desk.instrument(), 0, 1, [bar(0, "100", "100", "90", "100")])
        middle = sorted(accounts)[20]
        async with await psycopg.AsyncConnection.connect(database_url) as holder:
            await holder.execute("SELECT FROM accounts WHERE id = %s FOR NO KEY UPDATE", [middle])
            writer = asyncio.create_task(judge_paths(pool, [hit]))
            await wait_until(lambda: _are_waiting(database_url, 1))
            async with await psycopg.AsyncConnection.connect(database_url) as other:
                rows = await other.execute("SELECT id FROM accounts FOR NO KEY UPDATE SKIP LOCKED")
                free = {row[0] for row in await rows.fetchall()}
        assert sorted(set(accounts) - free) == [id_ for id_ in sorted(accounts) if id_ <= middle]
        assert (await writer).closed == len(accounts)
    finally:
        await pool.close()


async def test_an_account_is_locked_once_all_that_is_not_its_own_is_written(database_url: str):
    """So late, its lock is held for two round trips: what a writer that waits for it has locked before tells."""
    pool = await open_pool(database_url)
    try:
        desk = await Desk(pool).set_up(("BTCUSDT",))
        accounts = [await desk.account(f"account {number}") for number in range(3)]
        await desk.add_many(len(accounts), "95", "110", accounts)
        hit = path(desk.instrument(), 0, 1, [bar(0, "100", "100", "90", "100")])
        async with await psycopg.AsyncConnection.connect(database_url) as holder:
            await holder.execute("SELECT FROM accounts FOR NO KEY UPDATE")
            writer = asyncio.create_task(judge_paths(pool, [hit]))
            await wait_until(lambda: _are_waiting(database_url, 1))
            async with await psycopg.AsyncConnection.connect(database_url) as other:
                written = {row[0] for row in await (await other.execute(_WRITTEN)).fetchall()}
        assert written >= {"trades", "trade_exits", "live_triggers", "ledger"}
        assert (await writer).closed == len(accounts)
    finally:
        await pool.close()


async def _are_waiting(database_url: str, count: int) -> bool:
    """Whether so many wait for a lock: set free together, they then lock at the same time."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        return (await (await connection.execute(_WAITING)).fetchone())[0] == count
