import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import psycopg
import pytest

from deploy.local.folder import hold
from deploy.local.postgres import Postgres
from tests.local.support import lives
from tests.servers import wait_until

RUN = """
import asyncio, sys
from pathlib import Path
from deploy.local.options import UpOptions
from deploy.local.up import run
sys.exit(asyncio.run(run(UpOptions(folder=Path(sys.argv[1]), port=int(sys.argv[2]), workers=1))))
"""

# In the place of `paperfleet`, so that this file tests `up` alone: the servers and the market are the real ones.
FLEET = """
import http.server, os, signal, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"pairs": 966, "cycle_seconds": 1.5, "a field of tomorrow": 1}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print(sys.argv[1], os.environ["PAPERFLEET_DATABASE_URL"], flush=True)
if sys.argv[1] == "api":
    http.server.HTTPServer(("127.0.0.1", int(os.environ["PAPERFLEET_API_PORT"])), Answer).serve_forever()
signal.pause()
"""


# A web proxy that leads nowhere: what is on loopback must not be asked through it.
BEHIND_A_PROXY = dict(os.environ) | {"http_proxy": "http://127.0.0.1:9"}


@pytest.fixture
def python(tmp_path):
    """This environment's Python, with another `paperfleet` beside it."""
    home = tmp_path / "environment"
    (home / "bin").mkdir(parents=True)
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", home)
    (home / "lib").symlink_to(Path(sys.prefix) / "lib")
    python = home / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    program = home / "bin" / "paperfleet"
    program.write_text(f"#!{python}\n{FLEET}")
    program.chmod(0o755)
    return python


class Up:
    """A run of `up` and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def says(self, words: str) -> str:
        while line := (await asyncio.wait_for(self.process.stdout.readline(), 20)).decode():
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"never said {words!r}: {''.join(self.lines)}")

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


@pytest.fixture
async def up(python, tmp_path, unused_tcp_port):
    runs = []

    async def start() -> Up:
        process = await asyncio.create_subprocess_exec(
            str(python),
            "-c",
            RUN,
            str(tmp_path / "data"),
            str(unused_tcp_port),
            stdout=asyncio.subprocess.PIPE,
            env=BEHIND_A_PROXY,
        )
        runs.append(process)
        return Up(process)

    yield start
    for process in runs:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_stops_in_order_when_asked_and_goes_on_after_kill_9(up, tmp_path, unused_tcp_port):
    first = await up()
    assert f"http://127.0.0.1:{unused_tcp_port}" in await first.says("paperfleet runs")
    assert "pairs 966" in await first.says("pairs")
    url = Postgres(tmp_path / "data", print).url()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    children = first.children()
    assert len(children) == 6  # two servers, the market, a worker, the scheduler, the API
    first.process.kill()
    await first.process.wait()
    for pid in children:
        await wait_until(lambda pid=pid: not lives(pid))

    second = await up()
    await second.says("paperfleet runs")
    with psycopg.connect(url) as connection:
        connection.execute("SELECT id FROM kept")
    children = second.children()
    second.process.send_signal(signal.SIGINT)
    await second.says("stopped")
    assert await second.process.wait() == 0
    assert not any(lives(pid) for pid in children)
    with hold(tmp_path / "data"):
        pass


async def test_a_killed_database_is_told_and_comes_back(up, tmp_path):
    running = await up()
    await running.says("paperfleet runs")
    os.kill(int((tmp_path / "data" / "postgres.lock").read_text().split()[0]), signal.SIGKILL)
    await running.says("postgres ended (killed by SIGKILL)")
    await running.says("postgres runs again")
    with psycopg.connect(Postgres(tmp_path / "data", print).url()) as connection:
        connection.execute("SELECT 1")
    running.process.send_signal(signal.SIGTERM)
    assert await running.process.wait() == 0
    log = (tmp_path / "data" / "logs" / "worker-1.log").read_text()
    assert log.startswith("worker postgresql://")
