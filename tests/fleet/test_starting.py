"""A process that loses its connection to PostgreSQL as it starts asks again, as it does later."""

import asyncio
import signal
from collections.abc import Iterator

import psycopg
import pytest

from deploy.local.ports import free_port
from deploy.local.process import exited
from services.settings import Settings
from tests.fleet.fleet import Fleet, fleet_on, serves
from tests.servers import wait_until

_WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def fleet(database_url, redis_url, tmp_path) -> Iterator[Fleet]:
    settings = Settings(database_url=database_url, redis_url=redis_url, api_port=free_port())
    with fleet_on(settings, tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        pytest.param("scheduler", "accounts", id="scheduler, while it makes what all rely on"),
        pytest.param("api", "system", id="api, while its hub looks where the streams stand"),
    ],
)
async def test_a_connection_ended_at_the_start_costs_no_process(fleet: Fleet, kind: str, table: str):
    async def works() -> bool:
        if kind == "api":
            return await serves(f"http://127.0.0.1:{fleet.settings.api_port}")
        return b" ready" in fleet.log(kind).read_bytes()

    url = fleet.settings.database_url
    with psycopg.connect(url, autocommit=True) as looking, psycopg.connect(url) as holding:
        holding.execute(f"LOCK TABLE {table}")  # type: ignore[arg-type] # a name of the test's own
        fleet.spawn(kind, kind)
        process = fleet.processes[kind]
        (pid,) = await wait_until(lambda: looking.execute(_WAITING).fetchone(), 30)
        looking.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    await wait_until(lambda: process.poll() is not None or works(), 30)
    assert process.poll() is None, fleet.log(kind).read_text()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(exited(process), 30) == 0
