"""Migrations take their time, whatever bounds the statements of others, and take none of theirs from others."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services.db.migrate import _LOCK, revisions, upgrade
from services.db.pool import as_options, callers, known
from services.domain.errors import Unavailable
from tests.servers import wait_until

PAPERFLEET = Path(sys.executable).with_name("paperfleet")
WAITS = """SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'
           AND now() - query_start > interval '400 ms'"""
BEFORE, HELD_UP = "0033", "0034"
"""HELD_UP alters a table that a backup reads."""
REVISION = "SELECT version_num FROM alembic_version"


async def test_waiting_for_its_turn_is_not_cut_short_by_the_users_timeout(database_url):
    with psycopg.connect(database_url, autocommit=True) as other:
        (name,) = other.execute("SELECT current_database()").fetchone()
        for timeout in ("statement_timeout", "lock_timeout", "transaction_timeout"):
            other.execute(f"ALTER DATABASE \"{name}\" SET {timeout} = '200ms'")
        other.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        migrating = asyncio.create_task(asyncio.to_thread(upgrade, database_url))
        await wait_until(lambda: migrating.done() or other.execute(WAITS).fetchone())
        assert not migrating.done()
        other.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        await migrating


@contextmanager
def backing_up(url: str) -> Iterator[psycopg.Connection]:
    """A backup in the midst of its work."""
    with psycopg.connect(url, application_name="nightly backup") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SELECT FROM idempotency")
        yield connection


async def test_a_revision_that_a_backup_holds_up_holds_up_nobody_and_comes_after_it(empty_url, tmp_path):
    upgrade(empty_url, BEFORE)
    said = tmp_path / "said"
    environment = os.environ | {"PAPERFLEET_DATABASE_URL": empty_url, "PAPERFLEET_REDIS_URL": "redis://127.0.0.1:1"}
    patient = make_conninfo(empty_url, options=as_options(known(callers(bound=False), 0)))
    with said.open("wb") as output, psycopg.connect(patient, autocommit=True) as caller:

        def goes_on() -> bool:
            """Whether a caller reads and writes the table in the time that is given to callers."""
            caller.execute("SELECT count(*) FROM idempotency")
            caller.execute("INSERT INTO idempotency (scope, key, request_hash) VALUES ('s', gen_random_uuid(), '')")
            return True

        with backing_up(empty_url):
            migrating = await asyncio.create_subprocess_exec(PAPERFLEET, "migrate", env=environment, stderr=output)
            await wait_until(lambda: goes_on() and said.read_text().count("tries again") >= 2, 30)
            assert migrating.returncode is None
            assert caller.execute(REVISION).fetchone() == (BEFORE,)
        assert await asyncio.wait_for(migrating.wait(), 60) == 0, said.read_text()
        assert caller.execute(REVISION).fetchone() == (revisions()[0],)
    assert f"revision {HELD_UP} gives way to nightly backup (process " in said.read_text()


def test_a_revision_that_is_held_up_for_too_long_says_by_whom(empty_url):
    upgrade(empty_url, BEFORE)
    with backing_up(empty_url) as backup:
        holder = rf"nightly backup \(process {backup.info.backend_pid}, in a transaction since .* UTC: SELECT FROM idem"
        with pytest.raises(Unavailable, match=f"revision {HELD_UP} .*{holder}"):
            upgrade(empty_url, patience_seconds=0)
    assert upgrade(empty_url) == (BEFORE, revisions()[0])
