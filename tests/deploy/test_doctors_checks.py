"""Every check of the doctor has a test that breaks what it looks at; those that nothing else breaks are broken here."""

import ast
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from deploy.local.process import stop
from deploy.local.valkey import Valkey
from services.bootstrap import build
from services.coordination.processes import beating
from services.coordination.task_queue import QUEUES
from services.domain.finding import Level
from services.usecases.examine_fleet import examine_fleet
from services.usecases.examine_servers import examine_redis
from services.usecases.strategies import disable_strategies
from tests.api.running import NOWHERE, ROOT, settings_of_test
from tests.deploy.findings import by_check
from tests.docs.named_tests import wrong_test
from tests.servers import wait_until

DOCTOR, HERE = "tests/deploy/test_doctor.py", "tests/deploy/test_doctors_checks.py"
POOLER, PROXIES = "tests/deploy/test_pooler.py", "tests/access/test_proxies.py"
SCHEMA = (DOCTOR, "test_a_schema_that_is_not_as_it_should_be")
SHORT = (DOCTOR, "test_a_server_that_is_short_of_something")
ALONE = (DOCTOR, "test_the_whole_of_it_beside_a_database_without_a_fleet")
KEPT = (DOCTOR, "test_what_keeps_a_fleet_from_its_work")
DROPPED = (POOLER, "test_the_doctor_tells_what_was_dropped_and_what_it_advises_mends_it")
OUTGOING = (HERE, "test_messages_that_wait_or_are_dead_and_outlets_that_were_switched_off")
BROKEN_BY = {
    "apis": ALONE,
    "backup": (DOCTOR, "test_how_old_the_last_backup_is"),
    "books": (DOCTOR, "test_books_that_differ"),
    "brackets": (DOCTOR, "test_how_old_maintenance_brackets_are"),
    "connections": SHORT,
    "database_clock": SHORT,
    "dead_letters": KEPT,
    "deliveries": OUTGOING,
    "disk": SHORT,
    "disk_budget": (DOCTOR, "test_a_database_that_outgrows_its_disk_budget"),
    "durability": ALONE,
    "eviction": (DOCTOR, "test_a_redis_that_forgets_or_is_nearly_full"),
    "exchange_futures": KEPT,
    "exchange_spot": KEPT,
    "halts": KEPT,
    "lag": ALONE,
    "outlets": OUTGOING,
    "partitions": SCHEMA,
    "persistence": (HERE, "test_a_redis_that_could_not_save"),
    "pools": (DOCTOR, "test_processes_that_may_ask_for_more_connections_than_there_are"),
    "postgres": SHORT,
    "proxies": (PROXIES, "test_a_proxy_that_is_not_named_is_found_by_the_doctor_and_logged_once"),
    "quarantine": (HERE, "test_messages_that_were_put_aside_unrun"),
    "quarantined_prices": KEPT,
    "queues": KEPT,
    "queues_served": (HERE, "test_a_queue_that_no_worker_serves"),
    "redis": (HERE, "test_a_redis_that_is_too_old"),
    "redis_role": (HERE, "test_a_redis_that_is_a_replica"),
    "scheduler": KEPT,
    "schedulers": ALONE,
    "schema": SCHEMA,
    "second_lock": DROPPED,
    "sessions": DROPPED,
    "sessions_for_callers": DROPPED,
    "settings": (DOCTOR, "test_settings_that_are_missing_or_misspelt"),
    "strategies": (HERE, "test_strategies_that_were_switched_off"),
    "transactions": SHORT,
    "vacuum": SHORT,
    "weight_futures": KEPT,
    "weight_spot": (HERE, "test_request_weight_that_is_nearly_used_up"),
    "workers": ALONE,
}
NAMED_LATER = {
    "_processes": {"schedulers", "workers", "apis"},
    "_exchange": {"exchange_spot", "exchange_futures"},
    "_weight": {"weight_spot", "weight_futures"},
    "_examine": {"sessions", "sessions_for_callers"},
    "_told": {"sessions", "sessions_for_callers"},
}
"""Functions that make up the names of their checks, and which."""


@pytest.fixture
async def services(database_url, redis_url):
    async with build(settings_of_test(database_url, redis_url, NOWHERE), name="test") as built:
        yield built


def checks() -> Iterator[str]:
    """Every check that the doctor's code names."""
    for file in (*(ROOT / "services/usecases").glob("examine_*.py"), ROOT / "paperfleet/cli/doctor.py"):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("fine", "doubt", "wrong"):
                        name = call.args[0]
                        yield from {name.value} if isinstance(name, ast.Constant) else NAMED_LATER[function.name]


def test_each_check_names_a_test_that_breaks_it():
    assert set(checks()) == set(BROKEN_BY)
    for check, (file, test) in BROKEN_BY.items():
        assert wrong_test(file, test) == "", check


@asynccontextmanager
async def valkey(folder: Path) -> AsyncIterator[Redis]:
    """A client of a server of its own, which may be broken for good."""
    server = Valkey(folder, lambda _: None)
    with (folder / "log").open("wb") as log:
        process = await server.start(log.fileno())
    try:
        async with Redis.from_url(server.url()) as client:
            yield client
    finally:
        await stop(process, server.stop_signal, server.stop_seconds)


async def test_a_redis_that_could_not_save(tmp_path):
    async with valkey(tmp_path) as client:
        assert "persistence" not in by_check(await examine_redis(client))
        shutil.rmtree(tmp_path / "valkey")
        await client.bgsave()

        async def failed():
            return by_check(await examine_redis(client)).get("persistence")

        assert (await wait_until(failed)).level is Level.ERROR


async def test_a_redis_that_is_a_replica(tmp_path):
    async with valkey(tmp_path) as client:
        assert "redis_role" not in by_check(await examine_redis(client))
        await client.replicaof("127.0.0.1", 1)
        found = by_check(await examine_redis(client))["redis_role"]
        assert (found.level, found.text) == (Level.ERROR, "it is a slave")


@pytest.mark.parametrize(("version", "level"), [("7.2.4", Level.OK), ("6.2.14", Level.ERROR)])
async def test_a_redis_that_is_too_old(services, monkeypatch, version, level):
    told = await services.redis.info()
    del told["valkey_version"]

    async def older():
        return told | {"redis_version": version}

    monkeypatch.setattr(services.redis, "info", older)
    found = by_check(await examine_redis(services.redis))["redis"]
    assert (found.level, version in found.text) == (level, True)


async def test_a_queue_that_no_worker_serves(services):
    async def told():
        found = by_check(await examine_fleet(services, {}))
        return found if found["workers"].level is Level.OK else None

    async with beating(services.redis, "worker", queues=tuple(QUEUES[1:])):
        found = (await wait_until(told))["queues_served"]
        assert (found.level, found.text) == (Level.ERROR, f"no worker serves {QUEUES[0]}")
        async with beating(services.redis, "worker", queues=(QUEUES[0],)):
            await wait_until(lambda: _is_served(services))


async def _is_served(services) -> bool:
    return "queues_served" not in by_check(await examine_fleet(services, {}))


async def test_messages_that_were_put_aside_unrun(services):
    assert "quarantine" not in by_check(await examine_fleet(services, {}))
    await services.redis.lpush("tasks:__quarantine__", b"not looked into")
    found = by_check(await examine_fleet(services, {}))["quarantine"]
    assert (found.level, found.text) == (Level.WARNING, "1 messages were put aside unrun")


async def test_request_weight_that_is_nearly_used_up(services, monkeypatch):
    assert by_check(await examine_fleet(services, {}))["weight_spot"].level is Level.OK
    monkeypatch.setattr("services.usecases.examine_fleet.WEIGHT_SHARE_USED", -1.0)
    assert by_check(await examine_fleet(services, {}))["weight_spot"].level is Level.WARNING


async def test_strategies_that_were_switched_off(services):
    assert by_check(await examine_fleet(services, {}))["strategies"].level is Level.OK
    await disable_strategies(services, {"macd": "ValueError: no"})
    found = by_check(await examine_fleet(services, {}))["strategies"]
    assert (found.level, found.text) == (Level.WARNING, "macd is switched off: ValueError: no")


async def test_messages_that_wait_or_are_dead_and_outlets_that_were_switched_off(services):
    async def told(statement: str) -> tuple[str, str]:
        async with services.pool.connection() as connection:
            await connection.execute(statement)
        found = by_check(await examine_fleet(services, {}))
        return found["deliveries"].text, found["outlets"].text

    delivery = """INSERT INTO deliveries (outlet_id, message_id, stream, seq, type, body, created_at)
                  SELECT max(id), gen_random_uuid(), 'a1', 1, 'trade', '{{}}', now() - interval '{} s' FROM outlets"""
    well = "none waits long, none was given up", "the fleet has switched none off"
    made = "INSERT INTO outlets (user_id, kind, secret_url) SELECT min(id), 'notification', 'json://a' FROM users"
    assert await told(made) == well
    assert await told(delivery.format(60)) == well
    deliveries, _ = await told(delivery.format(3600))
    assert deliveries.startswith("notification: 2 wait, the oldest for 3,60")
    deliveries, _ = await told("UPDATE deliveries SET state = 'dead'")
    assert deliveries == "notification: 2 given up"
    _, outlets = await told("UPDATE outlets SET enabled = false")
    assert outlets == well[1], "its owner did that"
    _, outlets = await told("UPDATE outlets SET disabled_reason = 'it is gone (410)'")
    assert outlets == "notification: 1 switched off"
