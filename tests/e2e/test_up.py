"""The whole product as a newcomer runs it: `paperfleet up`, killed and started again."""

import contextlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import FIRST_CLOSE_SECONDS, PROGRAM, closed, more_closed, running, trades
from tests.servers import wait_until

NOBODY = 65534
AS_NOBODY: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": (), "cwd": "/"}


@pytest.mark.slow
async def test_a_newcomer_sees_trades_close_and_a_kill_of_everything_loses_nothing(tmp_path: Path, record_property):
    folder = tmp_path / "data"
    with running(folder, tmp_path / "first.log") as first:
        url = await first.url()
        before = await wait_until(lambda: closed(url), FIRST_CLOSE_SECONDS)
        elapsed, alone = first.seconds()
        record_property("first_close_seconds", round(elapsed, 1))
        record_property("first_close_seconds_alone", round(alone, 1))
        assert alone <= FIRST_CLOSE_SECONDS, (
            f"first closed trade after {elapsed:.1f} s, {alone:.1f} s had we been alone"
        )
        assert len(await trades(url)) > 20

        second = subprocess.run([PROGRAM, "up", "--data", str(folder)], capture_output=True, text=True, timeout=60)
        assert second.returncode == 1
        assert url in second.stdout + second.stderr

        first.kill()

    with running(folder, tmp_path / "second.log") as again:
        url = await again.url()
        after = await trades(url)
        for id_, trade in before.items():
            assert after[id_] == trade
        more = await wait_until(lambda: more_closed(url, len(before)), FIRST_CLOSE_SECONDS)
        assert before.keys() <= more.keys()
    assert again.process.returncode == 0, again.output()
    assert "stopped" in again.output()


@pytest.fixture
def home_of_nobody() -> Iterator[Path]:
    """A folder of a user who is not root, with an environment in it as `make env` makes them, of these packages."""
    if os.geteuid() != 0:
        pytest.skip("everything here runs as an ordinary user already")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = sysconfig.get_path("purelib")
    trial = f"import sys; sys.path += [{packages!r}, {str(Path.cwd())!r}]; import services.bootstrap"
    for base in (os.path.realpath(sys.executable), f"/usr/bin/{version}"):
        with contextlib.suppress(OSError):
            if subprocess.run([base, "-c", trial], **AS_NOBODY, capture_output=True).returncode == 0:
                break
    else:
        pytest.skip(f"no Python that uid {NOBODY} may run works with {packages} and {Path.cwd()}, or these are root's")
    with tempfile.TemporaryDirectory(prefix="paperfleet-nobody-") as name:
        home = Path(name)
        os.chown(home, NOBODY, NOBODY)
        subprocess.run([base, "-m", "venv", "--without-pip", home / ".venv"], **AS_NOBODY, check=True)
        inside = home / ".venv/lib" / version / "site-packages"
        inside.rmdir()
        inside.symlink_to(packages)
        program = home / ".venv/bin/paperfleet"
        program.write_text(Path(PROGRAM).read_text().replace(sys.executable, str(home / ".venv/bin/python")))
        program.chmod(0o755)
        yield home


@pytest.mark.slow
async def test_it_runs_as_an_ordinary_user_too(home_of_nobody: Path, tmp_path: Path):
    program = str(home_of_nobody / ".venv/bin/paperfleet")
    with running(home_of_nobody / "data", tmp_path / "up.log", program, NOBODY) as up:
        url = await up.url()
        assert {process.uids().effective for process in up.family()} == {NOBODY}
        assert await wait_until(lambda: closed(url), FIRST_CLOSE_SECONDS)
    assert up.process.returncode == 0, up.output()
