import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from deploy.local.account import server_account
from deploy.local.binaries import VALKEY, Wheel, programs
from deploy.local.errors import StackError
from deploy.local.postgres import Postgres
from deploy.local.process import stop
from deploy.local.sockets import ADDRESS_BYTES_MAX, short
from deploy.local.valkey import Valkey

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another account")


def owner_of(process) -> int:
    return Path(f"/proc/{process.pid}").stat().st_uid


async def run_both(folder: Path) -> None:
    """Start both servers on the folder, use them, stop them."""
    for server in (Postgres(folder, print, durable=False), Valkey(folder, print)):
        process = await server.start(subprocess.DEVNULL)
        try:
            if isinstance(server, Postgres):
                with psycopg.connect(server.url()) as connection:
                    assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
            else:
                with redis.Redis.from_url(server.url()) as client:
                    assert client.ping()
            assert owner_of(process) != 0
        finally:
            await stop(process, server.stop_signal, server.stop_seconds)


@as_root
async def test_a_data_folder_under_a_closed_home_works_and_its_parents_stay_as_they_were(tmp_path):
    home = tmp_path / "home"
    data = home / "project" / ".paperfleet"
    data.mkdir(parents=True)
    for folder in (home, home / "project", data):
        folder.chmod(0o700)
    await run_both(data)
    for folder in (home, home / "project", data):
        state = folder.stat()
        assert (stat.S_IMODE(state.st_mode), state.st_uid) == (0o700, 0)


async def test_a_data_path_too_long_for_a_socket_and_full_of_odd_characters_works(tmp_path):
    data = tmp_path / ("deep % folder ü?#&'" + "x" * 120) / "data"
    data.mkdir(parents=True)
    assert len(os.fsencode(data)) > ADDRESS_BYTES_MAX
    await run_both(data)
    link = short(data / "postgres")
    assert link.resolve() == data / "postgres"
    assert short(data / "postgres") == link
    for name in ("postgres", "valkey"):
        short(data / name).unlink()


@pytest.fixture
def cache():
    """A folder that every account may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def closed_wheel(tmp_path, monkeypatch):
    """The Valkey wheel, installed where only its owner may go, as with a closed umask."""
    (installed,) = programs(VALKEY, None)
    site = tmp_path / "closed"
    (site / "closedwheel" / "bin").mkdir(parents=True)
    (site / "closedwheel" / "__init__.py").write_text("")
    shutil.copy(installed, site / "closedwheel" / "bin" / "valkey-server")
    (site / "closedwheel-1.2.dist-info").mkdir()
    (site / "closedwheel-1.2.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: closedwheel\nVersion: 1.2\n"
    )
    for path in [site, *site.rglob("*")]:
        path.chmod(0o700)
    monkeypatch.syspath_prepend(str(site))
    return Wheel("closedwheel", "closedwheel", ("closedwheel/bin",), ("closedwheel/bin/valkey-server",))


@as_root
def test_programs_out_of_reach_are_copied_once_to_where_the_account_may_run_them(tmp_path, cache, closed_wheel):
    account = server_account(tmp_path)
    assert account is not None
    (copied,) = programs(closed_wheel, account, (tmp_path / "absent", cache))
    assert copied == cache / "paperfleet" / "closedwheel-1.2" / "closedwheel" / "bin" / "valkey-server"
    made = copied.stat().st_ino
    assert programs(closed_wheel, account, (cache,)) == [copied]
    assert copied.stat().st_ino == made
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o700


@as_root
def test_a_cache_that_others_can_write_is_not_run_from(tmp_path, cache, closed_wheel):
    account = server_account(tmp_path)
    assert account is not None
    (cache / "paperfleet").mkdir()
    (cache / "paperfleet").chmod(0o777)
    with pytest.raises(StackError, match="can run closedwheel neither in"):
        programs(closed_wheel, account, (cache,))
