"""The whole product as a newcomer runs it: `paperfleet up`, killed and started again."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.servers import wait_until

PROGRAM = str(Path(sys.executable).with_name("paperfleet"))
FIRST_CLOSE_SECONDS = 90


class Up:
    """A running `paperfleet up`, its output so far, and its address once it has told it."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [PROGRAM, "up", "--data", str(folder), "--workers", "2"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={name: value for name, value in os.environ.items() if not name.startswith("PAPERFLEET_")},
            )

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    async def url(self) -> str:
        found = await wait_until(lambda: re.search(r"paperfleet runs: (http://[\d.:]+)", self.output()), 60)
        return found[1]

    def family(self) -> list[psutil.Process]:
        """The process and everything it has started."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]


@contextmanager
def running(folder: Path, log: Path) -> Iterator[Up]:
    up = Up(folder, log)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.process.send_signal(signal.SIGINT)
            up.process.wait(60)


async def trades(url: str) -> dict[int, dict]:
    found: dict[int, dict] = {}
    async with httpx.AsyncClient(base_url=url, timeout=20) as client:
        cursor = None
        while True:
            parameters = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/api/paper-trades/", params=parameters)).raise_for_status().json()
            found |= {trade["id"]: trade for trade in page["results"]}
            cursor = page["next"]
            if cursor is None:
                return found


async def closed(url: str) -> dict[int, dict]:
    return {id_: trade for id_, trade in (await trades(url)).items() if trade["status"].startswith("CLOSED")}


@pytest.mark.slow
async def test_a_newcomer_sees_trades_close_and_a_kill_of_everything_loses_nothing(tmp_path: Path):
    folder = tmp_path / "data"
    with running(folder, tmp_path / "first.log") as first:
        url = await first.url()
        before = await wait_until(lambda: closed(url), FIRST_CLOSE_SECONDS)
        assert len(await trades(url)) > 20

        second = subprocess.run([PROGRAM, "up", "--data", str(folder)], capture_output=True, text=True, timeout=60)
        assert second.returncode == 1
        assert url in second.stdout + second.stderr

        family = first.family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=30)

    with running(folder, tmp_path / "second.log") as again:
        url = await again.url()
        after = await trades(url)
        for id_, trade in before.items():
            assert after[id_] == trade
        more = await wait_until(lambda: _more_than(url, len(before)), FIRST_CLOSE_SECONDS)
        assert before.keys() <= more.keys()
    assert again.process.returncode == 0, again.output()
    assert "stopped" in again.output()


async def _more_than(url: str, count: int) -> dict[int, dict]:
    found = await closed(url)
    return found if len(found) > count else {}
