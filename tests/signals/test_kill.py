"""A worker killed at any step of auto trading, a worker that was down, a message that was lost: one trade each."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from services.db import accounts
from services.domain.source import Overrides
from services.usecases.sources import Asking, follow_source
from services.usecases.store_signals import store_signals
from tests.evaluation.invariants import INVARIANTS
from tests.fleet.fleet import fleet_on
from tests.servers import wait_until
from tests.signals.saying import coming, rows, says, source_id

ROOT = Path(__file__).parents[2]
ACCOUNTS, SIGNALS = 3, 2
OUTCOME = """
SELECT (SELECT count(*) FROM trades), (SELECT count(DISTINCT (signal_id, account_id)) FROM trades),
    (SELECT count(*) FROM signal_decisions WHERE outcome = 'accepted'),
    (SELECT string_agg(DISTINCT status, ',') FROM signals),
    (SELECT count(*) FROM signal_decisions d JOIN trades t ON t.id = d.trade_id
     WHERE (t.signal_id, t.account_id) = (d.signal_id, d.account_id))
"""
TRADED = (6, 6, 6, "EXECUTED", 6)


class Dying:
    """The process that forks passes; see tests/signals/dying_trader.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def go(self, settings, die_at: int | None = None) -> dict:
        order = {"environment": settings.to_environment(), "die_at": die_at}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return json.loads(await asyncio.wait_for(self._process.stdout.readline(), 30))


@pytest.fixture
async def dying() -> AsyncIterator[Dying]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.signals.dying_trader"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Dying(process)
    process.stdin.close()
    await process.wait()


async def prepare(services) -> None:
    """Two signals that three accounts are to trade."""
    source = await source_id(services)
    async with services.pool.connection() as connection:
        owner = await accounts.local_owner(connection)
        ids = [owner.account_id]
        for name in ("second", "third"):
            made = await connection.execute(
                "INSERT INTO accounts (user_id, name, balance) VALUES (%s, %s, 5000) RETURNING id",
                [owner.user_id, name],
            )
            ids.append((await made.fetchone())[0])
            await connection.execute(
                "INSERT INTO ledger (account_id, kind, amount) VALUES (%s, 'deposit', 5000)", [ids[-1]]
            )
    for account_id in ids:
        await follow_source(services, Asking(owner.user_id, tuple(ids)), source, account_id, Overrides())
    stored = await store_signals(services, source, coming(await says(services), await says(services, notes="second")))
    assert [each.signal.status for each in stored] == ["ACTIVE"] * SIGNALS


def as_sent(signal) -> dict[str, object]:
    """The body that says it."""
    return {name: value for name, value in msgspec.to_builtins(signal).items() if value not in (None, "", False)}


def outcome(settings) -> tuple:
    with psycopg.connect(settings.database_url) as connection:
        return connection.execute(OUTCOME).fetchone()


def in_order(settings) -> list[str]:
    with psycopg.connect(settings.database_url) as connection:
        return [f"{name}: {row}" for name, query in INVARIANTS.items() for row in connection.execute(query)]


async def test_a_worker_killed_at_any_step_leaves_one_trade_a_signal_and_account(settings, services, servers, dying):
    await prepare(services)
    await services.pool.close()  # nobody may be connected to what is copied
    template = settings.database_url.partition("?")[0].rpartition("/")[2]
    patient = msgspec.structs.replace(settings, quote_max_age_seconds=3600)
    with servers.database(template) as url:
        steps = (await dying.go(msgspec.structs.replace(patient, database_url=url)))["steps"]
        assert outcome(msgspec.structs.replace(patient, database_url=url)) == TRADED
    assert steps.count("before INSERT INTO trades") == 1, "one transaction for all six"
    assert sum(step == "after commit" for step in steps) > 2
    for number, step in enumerate(steps):
        with servers.database(template) as url:
            copy = msgspec.structs.replace(patient, database_url=url)
            killed = await dying.go(copy, die_at=number)
            assert killed["died"] == step
            half = outcome(copy)
            assert half[0] == half[1] == half[2] == half[4], f"{number}: {step}"
            again = await dying.go(copy)
            assert again["died"] is None
            assert outcome(copy) == TRADED, f"{number}: {step}"
            assert in_order(copy) == [], f"{number}: {step}"


async def test_a_signal_is_traded_when_it_arrives_by_a_worker_alone(api, settings, services, tmp_path):
    with fleet_on(settings, tmp_path) as fleet:
        fleet.spawn("worker", "worker")
        await fleet.ready("worker")
        wish = as_sent(await says(services))
        said = await api.http.post("/api/signals/", json=wish)
        assert said.status_code == 201, said.text
        await wait_until(lambda: rows(services, "SELECT FROM trades WHERE status = 'OPEN'"), 20)


async def test_a_signal_of_which_no_worker_heard_is_found_by_the_sweep(api, settings, services, tmp_path):
    wish = as_sent(await says(services))
    assert (await api.http.post("/api/signals/", json=wish)).status_code == 201
    await services.redis.flushall()  # the message is gone, and so are all prices
    assert rows(services, "SELECT FROM trades") == []
    with fleet_on(settings, tmp_path) as fleet:
        await fleet.start(schedulers=1, workers=1)
        await wait_until(lambda: rows(services, "SELECT FROM signals WHERE status = 'EXECUTED'"), 40)
    assert rows(services, "SELECT count(*) FROM trades WHERE signal_id IS NOT NULL") == [(1,)]
