"""Migrations take their time, whatever bounds the statements of others."""

import asyncio

import psycopg

from services.db.migrate import _LOCK, upgrade
from tests.servers import wait_until

WAITS = """SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'
           AND now() - query_start > interval '400 ms'"""


async def test_waiting_for_its_turn_is_not_cut_short_by_the_users_timeout(database_url):
    with psycopg.connect(database_url, autocommit=True) as other:
        (name,) = other.execute("SELECT current_database()").fetchone()
        for timeout in ("statement_timeout", "transaction_timeout"):
            other.execute(f"ALTER DATABASE \"{name}\" SET {timeout} = '200ms'")
        other.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        migrating = asyncio.create_task(asyncio.to_thread(upgrade, database_url))
        await wait_until(lambda: migrating.done() or other.execute(WAITS).fetchone())
        assert not migrating.done()
        other.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        await migrating
