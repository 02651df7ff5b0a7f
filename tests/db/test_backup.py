"""The drill: a backup put back into an empty database is the same to the row, and followers of streams begin anew."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import psycopg
import pytest

from services.db import backup, reconcile
from services.db.pool import create
from services.domain.errors import Conflict, InvalidInput
from services.usecases.judge_paths import judge_paths
from tests.api.running import NOWHERE, serving, settings_of_test
from tests.api.sse import streaming
from tests.db.contents import contents
from tests.evaluation.desk import Desk, bar, path

PAPERFLEET = Path(sys.executable).with_name("paperfleet")
BARS = [bar(0, "100", "105", "99", "104"), bar(1, "104", "104", "94.5", "96")]


@pytest.fixture
def empty(servers):
    with servers.database("template0") as url:
        yield url


@pytest.fixture
async def worked(desk: Desk) -> Desk:
    """Pending, open, stopped and won trades."""
    await desk.add(stop="95", target="110")
    await desk.add(stop="90", target="104")
    await desk.add(stop="80", target="120", limit="85")
    await desk.add(stop="80", target="120")
    assert (await judge_paths(desk.pool, [path(desk.instrument(), 0, 2, BARS)])).closed == 2
    return desk


async def test_a_folder_keeps_the_last_files_named_by_their_time(database_url, redis_url, tmp_path):
    for name in ("paperfleet-20261124T032000Z.zip", "paperfleet-20261125T032000Z.zip", "before-the-upgrade.zip"):
        (tmp_path / name).write_bytes(b"")
    variables = settings_of_test(database_url, redis_url, NOWHERE).to_environment()

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [PAPERFLEET, "backup", *arguments]
        return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=60)

    done = run(tmp_path, "--keep", "2")
    assert done.returncode == 0, done.stderr
    assert "paperfleet-20261124T032000Z.zip: no longer kept" in done.stdout
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept[:2] == ["before-the-upgrade.zip", "paperfleet-20261125T032000Z.zip"]
    (made,) = kept[2:]
    assert backup.read_manifest(tmp_path / made).revision

    refused = run(tmp_path / made, "--keep", "2")
    assert (refused.returncode, "--keep" in refused.stderr) == (1, True)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP TABLE alembic_version")
    assert run(tmp_path, "--keep", "1").returncode != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == kept, "without a new file no old one goes"


async def test_the_drill(worked, database_url, redis_url, empty, tmp_path):
    file = tmp_path / "night.zip"
    made = await backup.back_up(database_url, file)
    before = contents(database_url)
    await worked.add()  # what happens after the backup is lost
    restored = await backup.restore(empty, file)
    assert restored == made
    assert contents(empty) == before
    assert list(tmp_path.iterdir()) == [file]

    pool = create(empty, 2, name="test")
    async with pool:
        async with pool.connection() as connection:
            assert await reconcile.differences(connection) == {}
            (epoch,) = await (await connection.execute("SELECT epoch FROM system")).fetchone()
        assert epoch != made.epoch
        again = Desk(pool)
        again.account_id, again.instruments = worked.account_id, worked.instruments
        assert (await again.add()).id == 5, "identities go on"
        judged = await judge_paths(pool, [path(worked.instrument(), 2, 3, [bar(2, "96", "96", "79", "79")])])
        assert judged.closed >= 1, "and the restored trades are judged on"

    with serving(settings_of_test(empty, redis_url, NOWHERE)) as api:
        async with api.http, streaming(api.http, last_id=f"{made.epoch}:a{worked.account_id}.3") as stream:
            first = await stream.next()
            assert (first.event, first.data["action"]) == ("reset", "epoch")


async def test_what_is_no_backup_and_where_there_is_something_already(worked, database_url, empty, tmp_path):
    file = tmp_path / "night.zip"
    await backup.back_up(database_url, file)
    with pytest.raises(Conflict):
        await backup.restore(database_url, file)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(InvalidInput):
        await backup.restore(empty, cut)
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(tmp_path / "short.zip", "w") as short:
        for name in whole.namelist():
            rows = whole.read(name)
            short.writestr(name, rows.split(b"\n", 1)[1] if name == "tables/ledger.copy" else rows)
    with pytest.raises(InvalidInput):
        await backup.restore(empty, tmp_path / "short.zip")
    assert not [count for count in contents(empty).items() if count[0] == "trades" and not count[1].startswith("0")]
    await backup.restore(empty, file)
    assert contents(empty) == contents(database_url), "what failed left nothing in the way"


async def test_a_backup_that_fails_leaves_no_file(database_url, tmp_path):
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TABLE system")
    with pytest.raises(psycopg.Error):
        await backup.back_up(database_url, tmp_path / "night.zip")
    assert list(tmp_path.iterdir()) == []
