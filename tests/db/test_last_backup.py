"""A database tells how old its last backup is: of its moment, once the file is whole, and never younger than it is."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from deploy.local.account import server_account
from deploy.local.binaries import ENVIRONMENT, POSTGRES, programs
from deploy.local.postgres import Postgres
from deploy.local.process import stop
from services.db import backup, last_backup
from services.db.last_backup import LastBackup
from services.db.migrate import revisions, upgrade
from tests.api.running import NOWHERE, settings_of_test
from tests.servers import Servers, wait_until

PAPERFLEET = Path(sys.executable).with_name("paperfleet")


@pytest.fixture
def empty(servers):
    with servers.database("template0") as url:
        yield url


async def told(url: str) -> LastBackup | None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return await last_backup.read(connection)


async def clock(url: str) -> datetime:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        (now,) = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
        return now


def run(url: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    variables = settings_of_test(url, "redis://127.0.0.1:1", NOWHERE).to_environment()
    command = [PAPERFLEET, *arguments]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=60)


async def made(url: str, file: Path) -> backup.Manifest:
    """A backup as the command makes it."""
    manifest = await backup.back_up(url, file)
    assert await backup.note(url, manifest, file) == ""
    return manifest


async def test_the_command_notes_the_moment_and_the_size(database_url, tmp_path):
    assert await told(database_url) is None
    file, before = tmp_path / "night.zip", await clock(database_url)
    done = run(database_url, "backup", file)
    assert (done.returncode, done.stderr) == (0, "")
    last = await told(database_url)
    assert before < last.made_at == backup.read_manifest(file).made_at < await clock(database_url)
    assert last.size_bytes == file.stat().st_size
    assert 0 < last.age_seconds < 60


async def test_the_moment_is_that_of_the_snapshot_and_noted_once_the_file_is_whole(database_url, tmp_path):
    """A table that somebody holds keeps the backup from its end for as long as this test likes."""
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("LOCK TABLE trades")
        task = asyncio.create_task(asyncio.to_thread(run, database_url, "backup", tmp_path / "night.zip"))

        async def waits() -> bool:
            async with await psycopg.AsyncConnection.connect(database_url) as other:
                cursor = await other.execute(
                    """SELECT FROM pg_stat_activity WHERE datname = current_database()
                       AND application_name = 'paperfleet backup' AND wait_event_type = 'Lock'"""
                )
                return await cursor.fetchone() is not None

        await wait_until(waits)
        while_it_waits = await clock(database_url)
        assert await told(database_url) is None
    assert (await task).returncode == 0
    assert (await told(database_url)).made_at < while_it_waits


async def test_one_that_fails_is_not_noted_and_the_last_stays(database_url, tmp_path):
    await made(database_url, tmp_path / "night.zip")
    before = await told(database_url)
    assert run(database_url, "backup", tmp_path / "no such folder" / "night.zip").returncode == 1
    assert (await told(database_url)).made_at == before.made_at


async def test_of_two_at_once_that_of_the_later_moment_stays(database_url, tmp_path):
    slow, quick = tmp_path / "slow.zip", tmp_path / "quick.zip"
    earlier = await backup.back_up(database_url, slow)
    later = await made(database_url, quick)
    assert await backup.note(database_url, earlier, slow) == ""
    assert (await told(database_url)).made_at == later.made_at > earlier.made_at


async def test_where_nothing_may_be_written_the_backup_succeeds_and_says_so(database_url, servers, tmp_path):
    """A replica that is sent nothing more: of what it holds, its last transaction is the youngest."""

    def change() -> None:
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE system SET epoch = 'the last'")

    name = database_url.partition("@/")[2].partition("?")[0]
    async with replica(servers, tmp_path, change) as standby:
        file, url = tmp_path / "night.zip", standby.url(name)

        async def has_it() -> bool:
            async with await psycopg.AsyncConnection.connect(url) as connection:
                return (await (await connection.execute("SELECT epoch FROM system")).fetchone()) == ("the last",)

        await wait_until(has_it)
        has_it_at = await clock(database_url)
        done = run(url, "backup", file)
        assert done.returncode == 0, done.stderr
        assert done.stderr == "its age is not kept: cannot execute UPDATE in a read-only transaction\n"
        held = backup.read_manifest(file)
        assert (held.epoch, held.made_at < has_it_at) == ("the last", True)
        assert await told(url) is None


async def test_a_restored_database_is_as_old_as_its_file(database_url, empty, tmp_path):
    """In the file is the note of the one before it, or none at all."""
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    await made(database_url, first)
    manifest = await made(database_url, second)
    await backup.restore(empty, second)
    last = await told(empty)
    assert (last.made_at, last.size_bytes) == (manifest.made_at, second.stat().st_size)
    later = await made(empty, tmp_path / "third.zip")
    assert (await told(empty)).made_at == later.made_at > manifest.made_at


async def test_a_file_of_before_there_was_a_note_is_noted_when_it_is_restored(servers, empty, tmp_path):
    file = tmp_path / "old.zip"
    with servers.database("template0") as old:
        upgrade(old, revisions()[revisions().index("0037") + 1])
        manifest = await backup.back_up(old, file)
        why = await backup.note(old, manifest, file)
        assert why == 'column "backed_up_at" does not exist'
    await backup.restore(empty, file)
    assert (await told(empty)).made_at == manifest.made_at


@asynccontextmanager
async def replica(servers: Servers, folder: Path, change: Callable[[], None]) -> AsyncIterator[Postgres]:
    """A server in `folder` that takes no writes: a copy of the servers' own, that was sent the `change` and no more."""
    data, origin = folder / "postgres", servers.folder / "postgres"
    account = server_account(origin)
    server, _ = programs(POSTGRES, account)
    source = servers.postgres.url("postgres")
    command = [server.with_name("pg_basebackup"), "-D", data, "-X", "fetch", "-c", "fast", "-d", source]
    subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)
    change()
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute("SELECT pg_switch_wal()")
    for segment in (origin / "pg_wal").glob("0*"):
        shutil.copy(segment, data / "pg_wal")
    for lock in data.glob(".s.PGSQL.*"):
        lock.unlink()
    (data / "standby.signal").touch()
    if account is not None:
        for path in (data, *data.rglob("*")):
            os.chown(path, account.uid, account.gid)
    standby = Postgres(folder, lambda _: None, durable=False)
    with (folder / "log").open("wb") as log:
        process = await standby.start(log.fileno())
    try:
        yield standby
    finally:
        await stop(process, standby.stop_signal, standby.stop_seconds)
