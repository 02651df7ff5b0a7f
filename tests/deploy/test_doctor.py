"""The doctor finds each thing that is broken here on purpose, and says how to mend it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import msgspec
import pytest

from services.binance.brackets import as_of
from services.bootstrap import build
from services.coordination import quarantine
from services.coordination.processes import beating
from services.coordination.quarantine import Suspect
from services.db import last_backup
from services.domain.finding import Finding, Level, fine, worst
from services.domain.halts import Halted
from services.domain.market import Market
from services.usecases import examine_fleet as examine_fleet_module
from services.usecases import examine_servers
from services.usecases.bring_brackets import bring_brackets
from services.usecases.examine_fleet import examine_fleet, intervals_of_prices
from services.usecases.examine_servers import examine_postgres, examine_redis
from services.usecases.fleet_state import read_fleet
from services.usecases.halt import halt
from services.usecases.maintain import reconcile_books
from tests.api.running import NOWHERE, exchange, settings_of_test
from tests.deploy.findings import by_check
from tests.servers import wait_until
from workers.jobs import fleet_jobs

PAPERFLEET = Path(sys.executable).with_name("paperfleet")
JOBS = {"cycle": timedelta(minutes=1)}


@pytest.fixture(scope="module")
def urls():
    with exchange() as found:
        yield found


@pytest.fixture
def settings(database_url, redis_url, urls):
    return settings_of_test(database_url, redis_url, urls)


@pytest.fixture
async def services(settings):
    async with build(settings, name="test") as built:
        yield built


def run(*arguments: str, **variables: str) -> tuple[int, dict[str, Finding]]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PAPERFLEET_")}
    done = subprocess.run(
        [PAPERFLEET, "doctor", "--json", *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    return done.returncode, by_check(msgspec.convert(told["findings"], list[Finding]))


def test_settings_that_are_missing_or_misspelt():
    code, found = run()
    assert (code, found["settings"].level) == (2, "error")
    assert "PAPERFLEET_DATABASE_URL" in found["settings"].text


def test_servers_that_are_away_and_settings_that_do_not_fit():
    code, found = run(
        PAPERFLEET_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing",
        PAPERFLEET_REDIS_URL="redis://127.0.0.1:1",
        PAPERFLEET_QUOTE_MAX_AGE_SECONDS="1",
        PAPERFLEET_API_HOST="0.0.0.0",
    )
    assert code == 2
    assert {check: found[check].level for check in found} == {
        "settings": "warning",
        "postgres": "error",
        "redis": "error",
    }


def test_the_whole_of_it_beside_a_database_without_a_fleet(settings):
    code, found = run("--quiet", **settings.to_environment())
    assert code == 2
    assert found["durability"].level == "error", "the servers of tests do not sync"
    for kind in ("scheduler", "schedulers", "workers", "apis", "lag"):
        assert found[kind].level == "error"
    assert "schema" not in found


BROKEN = [
    ("DROP TABLE alembic_version", "schema", Level.ERROR),
    ("UPDATE alembic_version SET version_num = '0001'", "schema", Level.ERROR),
    ("UPDATE alembic_version SET version_num = '9999'", "schema", Level.WARNING),
    (
        "CREATE TABLE events_20200101 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')",
        "partitions",
        Level.WARNING,
    ),
    (
        "DO $$ BEGIN EXECUTE (SELECT 'DROP TABLE ' || string_agg(inhrelid::regclass::text, ', ') FROM pg_inherits"
        " WHERE inhparent = 'events'::regclass AND inhrelid <> 'events_other'::regclass); END $$",
        "partitions",
        Level.WARNING,
    ),
    ("SELECT setval('trades_id_seq', 15000001)", "partitions", Level.WARNING),
]


@pytest.mark.parametrize(("statement", "check", "level"), BROKEN)
async def test_a_schema_that_is_not_as_it_should_be(settings, services, statement, check, level):
    before = by_check(await examine_postgres(settings))
    assert before[check].level is Level.OK
    async with services.pool.connection() as connection:
        await connection.execute(statement)
    assert by_check(await examine_postgres(settings))[check].level is level


async def test_a_server_that_is_short_of_something(settings, database_url, monkeypatch):
    sound = by_check(await examine_postgres(settings))
    assert {sound[check].level for check in ("postgres", "vacuum", "connections", "disk")} == {Level.OK}
    monkeypatch.setattr(examine_servers, "VERSIONS", (98, 99))
    monkeypatch.setattr(examine_servers, "FROZEN_AGE", -1)
    monkeypatch.setattr(examine_servers, "TRANSACTION_SECONDS", -1.0)
    monkeypatch.setattr(examine_servers, "FULL", 0.0)
    monkeypatch.setattr(examine_servers, "FREE_BYTES", 2**62)
    monkeypatch.setattr(examine_servers, "FREE_SHARE", 2)
    monkeypatch.setattr(examine_servers, "CLOCK_SECONDS", -1.0)
    found = by_check(await examine_postgres(settings))
    for check in ("postgres", "vacuum", "transactions", "connections", "disk", "database_clock"):
        assert found[check].level is not Level.OK, check


async def test_a_disk_that_is_not_on_this_machine_is_said_to_be_out_of_sight(settings, monkeypatch):
    async def elsewhere(connection):
        return msgspec.structs.replace(await diagnose(connection), data_directory="/of/another/machine")

    diagnose = examine_servers.diagnosis.diagnose
    monkeypatch.setattr(examine_servers.diagnosis, "diagnose", elsewhere)
    disk = by_check(await examine_postgres(settings))["disk"]
    assert (disk.level, disk.text.startswith("not visible from here")) == (Level.OK, True)


async def test_a_database_that_outgrows_its_disk_budget(settings, services):
    async with services.pool.connection() as connection:
        await connection.execute(
            """INSERT INTO events (stream, seq, type, action, payload, created_at)
               SELECT 'a1', n, 'trade', 'opened', '{}', now() - n % 2 * interval '1 day'
               FROM generate_series(1, 30000) AS n"""
        )
    size = (await read_fleet(services)).postgres.size_bytes
    for share, level in ((0.7, Level.OK), (0.9, Level.WARNING)):
        granted = msgspec.structs.replace(settings, disk_budget_gib=Decimal(size / share) / 2**30)
        found = by_check(await examine_postgres(granted))["disk_budget"]
        assert found.level is level
        told = re.match(rf"(\d+) MiB of {int(size / share) >> 20}, events (\d+), ", found.text)
        assert told is not None, "partitions are one table, and this is the largest"
        assert 1 < int(told[2]) < int(told[1])


async def test_processes_that_may_ask_for_more_connections_than_there_are(services):
    async def told() -> Finding:
        return by_check(await examine_fleet(services, JOBS))["pools"]

    most = (await read_fleet(services)).postgres.connections_max
    async with beating(services.redis, "worker", connections=most // 2):
        few = await wait_until(lambda: _when(told, "1 processes"), 10)
        assert (few.level, few.text) == (Level.OK, f"1 processes may hold {most // 2} connections of {most}")
        async with beating(services.redis, "api", connections=most // 2):
            many = await wait_until(lambda: _when(told, "2 processes"), 10)
            assert (many.level, "PAPERFLEET_POOL_SIZE" in many.mend) == (Level.WARNING, True)


async def _when(told: Callable[[], Awaitable[Finding]], beginning: str) -> Finding | None:
    found = await told()
    return found if found.text.startswith(beginning) else None


async def test_how_old_maintenance_brackets_are(services, monkeypatch):
    async def told() -> Finding:
        return by_check(await examine_fleet(services, JOBS))["brackets"]

    assert await told() == fine("brackets", f"the shipped table of {as_of()}")
    monkeypatch.setattr(examine_fleet_module, "BRACKETS_OLD", timedelta(days=-1))
    old = await told()
    assert (old.level, "paperfleet brackets" in old.mend) == (Level.WARNING, True)
    monkeypatch.undo()
    one = {"bracket": 1, "initialLeverage": 4, "notionalCap": 1, "notionalFloor": 0, "maintMarginRatio": 0.1, "cum": 0}
    await bring_brackets(services, msgspec.json.encode([{"symbol": "BTCUSDT", "brackets": [one]}]))
    assert f"{as_of()}; 1 contracts replaced, at {datetime.now(UTC):%Y-%m-%d} or later" in (await told()).text


async def test_vacuum_that_cannot_know_when_to_work(settings, services):
    async with services.pool.connection() as connection:
        await connection.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET track_counts = off', current_database()); END $$"
        )
    assert by_check(await examine_postgres(settings))["vacuum"].level is Level.ERROR


async def test_a_redis_that_forgets_or_is_nearly_full(services):
    assert worst(await examine_redis(services.redis)) is Level.OK
    await services.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert by_check(await examine_redis(services.redis))["eviction"].level is Level.ERROR
    finally:
        await services.redis.config_set("maxmemory-policy", "noeviction")
    before = (await services.redis.config_get("maxmemory"))["maxmemory"]
    used = (await services.redis.info("memory"))["used_memory"]
    await services.redis.config_set("maxmemory", int(used * 1.1))
    try:
        assert by_check(await examine_redis(services.redis))["eviction"].level is Level.WARNING
    finally:
        await services.redis.config_set("maxmemory", before)


async def test_what_keeps_a_fleet_from_its_work(services, urls):
    await halt(services, Halted.NEW_TRADES, "an audit", "anna")
    await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", Suspect(1.8e9, 5, 1.8e9))
    await services.weight.pause(Market.FUTURES, 60, "429")
    body = msgspec.msgpack.encode({"actor_name": "fetch_paths", "message_timestamp": 1, "options": {}})
    await services.redis.hset("tasks:fetch.msgs", "old", body)
    await services.redis.rpush("tasks:fetch", "old")
    await services.redis.zadd("tasks:scan.XQ", {"dead": 1_800_000_000_000})
    skew = {"kind": "skew", "ms": 5000, "path_prefix": "/api/v3/time"}
    async with httpx.AsyncClient() as http:
        (await http.post(urls["control_url"] + "/faults", json=skew)).raise_for_status()
        try:
            found = by_check(await examine_fleet(services, JOBS))
        finally:
            (await http.delete(urls["control_url"] + "/faults")).raise_for_status()
    assert "an audit" in found["halts"].text
    assert found["scheduler"].text.endswith("cycle")
    assert "SPOT:BTCUSDT" in found["quarantined_prices"].text
    assert found["weight_futures"].text.endswith("429")
    assert found["exchange_futures"].level is Level.ERROR, "nobody may ask a market that is paused"
    assert found["exchange_futures"].mend == "see `weight_futures`"
    assert found["exchange_spot"].level is Level.WARNING
    assert "-5" in found["exchange_spot"].text
    assert "fetch" in found["queues"].text
    assert found["dead_letters"].text == "1 in scan"


async def test_a_minute_whose_weight_is_used_up_is_no_fault_of_the_network(services):
    while await services.weight.acquire(Market.SPOT, 2, "clock") == 0:
        pass
    found = by_check(await examine_fleet(services, {}))["exchange_spot"]
    assert found.level is Level.WARNING
    assert "weight of this minute" in found.text
    assert found.mend == "ask again in a minute"


async def test_books_that_differ(services):
    assert by_check(await examine_fleet(services, {}))["books"].level is Level.OK
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE accounts SET reserved = reserved + 1 WHERE id = 1")
    await reconcile_books(services)
    found = by_check(await examine_fleet(services, {}))["books"]
    assert found.level is Level.ERROR
    assert found.text.startswith("reserved_is_live_trades differ")


async def test_how_old_the_last_backup_is(services, monkeypatch):
    async def told(hours: int) -> Finding:
        async with services.pool.connection() as connection:
            await connection.execute("UPDATE system SET backed_up_at = NULL")
            await last_backup.keep(connection, datetime.now(UTC) - timedelta(hours=hours), 123_456_789)
        return by_check(await examine_fleet(services, {}))["backup"]

    none = by_check(await examine_fleet(services, {}))["backup"]
    assert (none.level, "`paperfleet backup FOLDER" in none.text, "are not seen" in none.text) == (Level.OK, True, True)
    young = await told(hours=47)
    assert (young.level, "47 h old, 123,456,789 bytes" in young.text) == (Level.OK, True)
    old = await told(hours=49)
    assert (old.level, "49 h old" in old.text) == (Level.WARNING, True)
    assert "docs/runbook.md#backup-old" in old.mend


async def test_an_exchange_that_is_away(database_url, redis_url):
    async with build(settings_of_test(database_url, redis_url, NOWHERE)) as services:
        found = by_check(await examine_fleet(services, {}))
    assert {found[f"exchange_{market}"].level for market in ("spot", "futures")} == {Level.ERROR}


async def test_what_is_known_of_the_jobs_without_their_list_is_true(services, settings):
    jobs = {job.name: job.interval for job in fleet_jobs(settings, services)}
    known = intervals_of_prices(settings)
    assert len(known) == 3
    assert known.items() <= jobs.items()
