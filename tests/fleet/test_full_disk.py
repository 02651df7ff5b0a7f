"""PostgreSQL's disk is full for a while: people are told 503, nothing is lost or done twice, and then all goes on.

The disk is one of its own, in memory; where none can be mounted (not as root, say) the test is skipped.
"""

import asyncio
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import httpx
import psycopg
import pytest

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.process import stop
from services import endings
from services.db.migrate import upgrade
from tests.fleet.conftest import END, World
from tests.fleet.fleet import START_SECONDS, serves, violations
from tests.fleet.orders import otherwise, rows
from tests.fleet.stage import Place, stage_on
from tests.fleet.tape import START
from tests.servers import wait_until

DISK_BYTES = 256 << 20
LOG_FILE_BYTES = 16 << 20
FULL_SECONDS = 2
"""A cycle, after the first refusal."""
BACK_SECONDS = 15
"""Within so many, on a quiet machine, people are served again once there is room."""
PAUSE_SECONDS = 0.05


class Disk:
    """PostgreSQL on a disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Postgres(folder, lambda _: None, durable=False)
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start the server unless it runs: without room for its log it ends."""
        if self.process is None or self.process.poll() is not None:
            with self.folder.with_suffix(".log").open("ab") as log:
                self.process = await self.postgres.start(log.fileno())

    def fill(self) -> None:
        """Leave no room."""
        with suppress(OSError), (self.folder / "filling").open("wb", buffering=0) as file:
            while file.write(bytes(1 << 16)):
                pass

    def use_up_log(self) -> None:
        """Have the server need another file for its log, for which there is no room: it ends."""
        with suppress(psycopg.OperationalError), psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            for _ in range(DISK_BYTES // LOG_FILE_BYTES):
                connection.execute("SELECT pg_logical_emit_message(true, '', ''), pg_switch_wal()")

    def clear(self) -> None:
        (self.folder / "filling").unlink()


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount") or pytest.skip("there is no `mount`")
    mounted = subprocess.run([mount, "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    disk = Disk(folder)
    try:
        await disk.start()
        yield disk
    finally:
        if disk.process is not None:
            await stop(disk.process, disk.postgres.stop_signal, disk.postgres.stop_seconds)
        subprocess.run(["umount", "--lazy", folder], check=True)


class Payer:
    """Deposits again and again, each with a key, until it is answered that it is done. `paid` is how often it was."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.paid = 0
        self.statuses: Counter[int] = Counter()

    async def pay(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            for number in count():
                await self._deposit(http, {"Idempotency-Key": f"deposit {number}"})
                self.paid += 1

    async def _deposit(self, http: httpx.AsyncClient, key: dict[str, str]) -> None:
        while True:
            answer = await http.post("/api/accounts/1/deposits/", json={"amount": "5"}, headers=key)
            self.statuses[answer.status_code] += 1
            if answer.is_success:
                return
            await asyncio.sleep(PAUSE_SECONDS)


async def test_a_full_disk_is_told_as_503_and_costs_nothing_once_there_is_room(
    disk: Disk, redis_url: str, tmp_path: Path, world: World
):
    database = disk.postgres.url()
    upgrade(database)
    port = free_port()
    payer = Payer(f"http://127.0.0.1:{port}")
    async with stage_on(Place(database, redis_url, tmp_path), world.folder, START, world.orders) as stage:
        stage.fleet.spawn("api", "api", api_port=port)
        await wait_until(lambda: serves(payer.url), START_SECONDS)
        await stage.run()
        paying = asyncio.create_task(payer.pay())
        try:
            await wait_until(lambda: payer.paid)
            disk.fill()
            await wait_until(lambda: payer.statuses[503], 30)
            await asyncio.sleep(FULL_SECONDS)  # the outage itself, not a wait for anything
            disk.use_up_log()
            disk.clear()
            before = payer.paid

            async def is_back() -> bool:
                await disk.start()
                return payer.paid > before

            await wait_until(is_back, BACK_SECONDS)
            await stage.judged(END, 60)
        finally:
            await endings.end([paying])
        await stage.fleet.stop()
        assert set(payer.statuses) <= {200, 201, 503}
        assert [*otherwise(rows(stage.settings), world.outcomes)] == []
        assert violations(stage.settings) == []
        with psycopg.connect(database) as connection:
            deposits = connection.execute("SELECT count(*) FROM ledger WHERE kind = 'deposit' AND amount = 5")
            (booked,) = deposits.fetchone()
        assert payer.paid <= booked <= payer.paid + 1, "one may not have been answered yet"
