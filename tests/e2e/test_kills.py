"""kill -9 of every process, at each step of a first start and at any second of one: the next start comes back whole."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import psycopg
import pytest

from deploy.local.postgres import Postgres
from services.db import pool as pools
from services.db import reconcile
from services.db.migrate import revisions
from services.domain.market import Market
from services.usecases.open_demo_trades import BASES
from tests.e2e.running import FIRST_CLOSE_SECONDS, Up, closed, more_closed, running, trades
from tests.servers import wait_until

Moment = Callable[[Up], bool]
SEED = 2026
DEMO = Counter((market.value, f"{base}USDT") for market in Market for base in BASES)


def initdb(up: Up) -> bool:
    """The database's files are being made."""
    return (up.folder / "postgres.new" / "PG_VERSION").exists()


def migration(up: Up) -> bool:
    """Some of the migrations are committed, some are not."""
    return has_answer(up, f"SELECT 1 FROM alembic_version WHERE version_num <> '{revisions()[0]}'")


def opening(up: Up) -> bool:
    """The demo trades are being opened: what writes them has begun, or some are there."""
    begun = "application_name = 'paperfleet up' AND backend_xid IS NOT NULL AND EXISTS (SELECT FROM instruments)"
    return has_answer(up, f"SELECT 1 FROM pg_stat_activity WHERE {begun} UNION ALL (SELECT 1 FROM trades LIMIT 1)")


def after(seconds: float) -> Moment:
    """So long after the start."""
    return lambda up: time.monotonic() - up.began >= seconds


def has_answer(up: Up, query: str) -> bool:
    """Whether the query finds a row; a database that is not there yet has none."""
    try:
        with psycopg.connect(Postgres(up.folder, print).url(), autocommit=True) as connection:
            return connection.execute(query).fetchone() is not None
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return False


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Few kills, at the steps; in the long profile others too, drawn from SEED."""
    cases = [pytest.param([initdb, migration, opening], id="each step")]
    if metafunc.config.getoption("--hypothesis-profile") == "long":
        chance = Random(SEED)
        moments = [round(chance.uniform(0, 20), 1) for _ in range(6)]
        cases += [pytest.param([after(seconds)], id=f"{seconds} s") for seconds in moments]
        cases.append(pytest.param([after(seconds) for seconds in moments], id="one after another"))
    metafunc.parametrize("moments", cases)


@pytest.mark.slow
async def test_the_start_after_a_kill_of_everything_comes_back_whole(tmp_path: Path, moments: list[Moment]):
    folder = tmp_path / "data"
    for number, moment in enumerate(moments):
        with running(folder, tmp_path / f"killed-{number}.log") as up:
            await wait_until(lambda up=up, moment=moment: up.process.poll() is not None or moment(up), 60)
            assert up.process.poll() is None, up.output()
            up.kill()
    with running(folder, tmp_path / "whole.log") as up:
        url = await up.url()
        await wait_until(lambda: demo_trades(url), 60)
        assert await demo_trades(url) == DEMO
        before = await closed(url)
        await wait_until(lambda: more_closed(url, len(before)), FIRST_CLOSE_SECONDS)
        async with pools.create(Postgres(folder, print).url(), 1, name="test") as pool, pool.connection() as connection:
            assert await reconcile.differences(connection) == {}
    assert up.process.returncode == 0, up.output()


async def demo_trades(url: str) -> Counter[tuple[str, str]]:
    return Counter((trade["market_type"], trade["symbol"]) for trade in (await trades(url)).values())
