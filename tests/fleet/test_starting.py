"""A process that loses its connection to PostgreSQL as it starts asks again, as it does later.

The server ends the connection, for a reason of its own or because the process stood still inside a transaction.
"""

import asyncio
import signal
import subprocess
from collections.abc import Iterator

import httpx
import psutil
import psycopg
import pytest

from deploy.local.ports import free_port
from deploy.local.process import exited
from services.settings import Settings
from tests.fleet.fleet import START_SECONDS, Fleet, fleet_on, serves
from tests.frozen import stopping_after
from tests.servers import wait_until

_IDLE = """SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'
           AND state_change < clock_timestamp() - interval '1 second'"""
_THERE = "SELECT FROM pg_stat_activity WHERE pid = %s"
_WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def fleet(database_url, redis_url, tmp_path) -> Iterator[Fleet]:
    settings = Settings(database_url=database_url, redis_url=redis_url, api_port=free_port())
    with fleet_on(settings, tmp_path) as running:
        yield running


async def works(fleet: Fleet, kind: str) -> bool:
    """Whether the one process of a kind does."""
    if kind == "api":
        return await serves(f"http://127.0.0.1:{fleet.settings.api_port}")
    return b" ready" in fleet.log(kind).read_bytes()


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        pytest.param("scheduler", "accounts", id="scheduler, while it makes what all rely on"),
        pytest.param("api", "system", id="api, while its hub looks where the streams stand"),
    ],
)
async def test_a_connection_ended_at_the_start_costs_no_process(fleet: Fleet, kind: str, table: str):
    url = fleet.settings.database_url
    with psycopg.connect(url, autocommit=True) as looking, psycopg.connect(url) as holding:
        holding.execute(f"LOCK TABLE {table}")  # type: ignore[arg-type] # a name of the test's own
        fleet.spawn(kind, kind)
        process = fleet.processes[kind]
        (pid,) = await wait_until(lambda: looking.execute(_WAITING).fetchone(), 30)
        looking.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    await wait_until(lambda: process.poll() is not None or works(fleet, kind), 30)
    assert process.poll() is None, fleet.log(kind).read_text()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(exited(process), 30) == 0


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        pytest.param("scheduler", "INSERT INTO accounts", id="scheduler, while it makes what all rely on"),
        pytest.param("api", "CROSS JOIN wanted", id="api, while its hub looks where the streams stand"),
    ],
)
async def test_a_process_that_stood_still_inside_its_first_transaction_starts(fleet: Fleet, kind: str, statement: str):
    fleet.environments[kind] = stopping_after(statement)
    fleet.spawn(kind, kind)
    process = fleet.processes[kind]
    await thaw_without_its_transaction(fleet, process)
    await wait_until(lambda: process.poll() is not None or works(fleet, kind), 30)
    assert process.poll() is None, fleet.log(kind).read_text()


async def test_what_a_process_was_asked_as_it_stood_still_inside_its_transaction_is_answered_503(fleet: Fleet):
    fleet.environments["api"] = stopping_after("exchange_time) VALUES (%s, %s, %s, %s)")
    fleet.spawn("api", "api")
    await wait_until(lambda: works(fleet, "api"), START_SECONDS)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{fleet.settings.api_port}", timeout=60) as http:
        before = (await http.get("/api/accounts/1/")).json()["balance"]
        asked = asyncio.create_task(http.post("/api/accounts/1/deposits/", json={"amount": "5"}))
        await thaw_without_its_transaction(fleet, fleet.processes["api"])
        answer = await asked
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert (await http.get("/api/accounts/1/")).json()["balance"] == before


async def thaw_without_its_transaction(fleet: Fleet, process: subprocess.Popen[bytes]) -> None:
    """Once the process has stopped inside a transaction, and the server has ended that, let it go on."""
    with psycopg.connect(fleet.settings.database_url, autocommit=True) as looking:
        (pid,) = await wait_until(lambda: looking.execute(_IDLE).fetchone(), START_SECONDS)
        await wait_until(lambda: looking.execute(_THERE, [pid]).fetchone() is None)
    assert psutil.Process(process.pid).status() == psutil.STATUS_STOPPED
    process.send_signal(signal.SIGCONT)
