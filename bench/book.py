"""A database full of live trades, made by bare SQL: what the evaluation is measured on."""

import contextlib
import subprocess
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path as Folder
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from deploy.local.postgres import Postgres
from deploy.local.process import stop
from services.db.migrate import upgrade
from services.db.pool import Pool, create
from services.domain.path import MINUTE, Bar, Path

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SPOT, FUTURES = 436, 530
PAIRS = SPOT + FUTURES
BATCH = 50


@contextlib.asynccontextmanager
async def database(*, commit_times: bool = False) -> AsyncIterator[str]:
    """URL of a fresh, migrated database on a durable server of its own, which notes `commit_times` if it is to."""
    with tempfile.TemporaryDirectory(prefix="paperfleet-bench-") as folder:
        server = Postgres(Folder(folder), lambda _: None)
        url = server.url("postgres")
        with (Folder(folder) / "log").open("wb") as log:
            process: subprocess.Popen[bytes] = await server.start(log.fileno())
            if commit_times:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
                await stop(process, server.stop_signal, server.stop_seconds)
                process = await server.start(log.fileno())
        try:
            upgrade(url)
            yield url
        finally:
            await stop(process, server.stop_signal, server.stop_seconds)


def another(url: str, name: str) -> str:
    """URL of one more database `name` beside that of `url`, migrated."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    beside = urlsplit(url)._replace(path=f"/{name}").geturl()
    upgrade(beside)
    return beside


@contextlib.asynccontextmanager
async def book(url: str, trades: int, accounts: int) -> AsyncIterator[Pool]:
    """The database filled anew: `trades` open LONG trades at 100 USDT, over 966 pairs and the local owner's accounts.

    Stops lie 1 to 20 % below, targets above, all at different prices.
    """
    pool = create(url, 3, name="bench")
    await pool.open()
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        await connection.execute("SET statement_timeout = 0")
        for statement in _FILL:
            await connection.execute(statement, {"trades": trades, "accounts": accounts, "start": START})
        await connection.set_autocommit(False)
    yield pool
    await pool.close()


def paths(minute: int, low: Decimal, high: Decimal, pairs: int = PAIRS) -> list[list[Path]]:
    """One closed bar for each of the first `pairs` pairs, in batches of 50."""
    opened = START + minute * MINUTE
    bar = Bar(opened, opened + MINUTE - MINUTE / 60_000, Decimal(100), high, low, Decimal(100))
    made = [Path(id_, opened, opened + MINUTE, (bar,)) for id_ in range(1, pairs + 1)]
    return [made[start : start + BATCH] for start in range(0, len(made), BATCH)]


_FILL = (
    "TRUNCATE users, accounts, instruments, watermarks, trades, live_triggers, trade_commands, trade_exits,"
    " trade_revisions, ledger, events, results, courses, courses_due, sources, signals, minute_bars, hour_ranges"
    " RESTART IDENTITY CASCADE",
    "INSERT INTO users (name, role) VALUES ('local', 'admin')",
    """INSERT INTO accounts (user_id, name, balance, reserved)
       SELECT 1, CASE n WHEN 1 THEN 'main' ELSE 'account ' || n END, 100000000,
              100::numeric * (%(trades)s / %(accounts)s + 1)
       FROM generate_series(1, %(accounts)s) n""",
    f"""INSERT INTO instruments (market, symbol, base_asset, status, tick_size, step_size, min_quantity, min_notional)
       SELECT CASE WHEN n <= {SPOT} THEN 'SPOT' ELSE 'FUTURES' END, 'PAIR' || n || 'USDT', 'PAIR' || n, 'TRADING',
              0.0001, 0.001, 0.001, 5 FROM generate_series(1, {PAIRS}) n""",
    "INSERT INTO watermarks (instrument_id, judged_to) SELECT id, %(start)s FROM instruments",
    f"""INSERT INTO trades (account_id, instrument_id, direction, entry_type, stop_loss, initial_stop, targets,
           position_size, leverage, quantity, maker_rate, taker_rate, fill_model, half_spread, average_range, status,
           reserved, entry_time, entry_price, entry_role, entry_fee, entry_evidence, source, created_at, updated_at)
       SELECT 1 + n %% %(accounts)s, 1 + n %% {PAIRS}, 'LONG', 'MARKET', p.stop, p.stop,
              jsonb_build_array(jsonb_build_object('price', p.target::text, 'fraction', '1')), 100, 1, 1, 0.001, 0.001,
              'realistic', 0.0001, 0.001,
              'OPEN', 100, %(start)s, 100, 'taker', 0.1, '{{"decided_by": "quote", "bid": "99.99", "ask": "100"}}',
              'bench', %(start)s, %(start)s
       FROM generate_series(1::bigint, %(trades)s) n CROSS JOIN LATERAL (
           SELECT 99 - round((n * 7919 %% 190000) / 10000.0, 4) AS stop,
                  101 + round((n * 104729 %% 190000) / 10000.0, 4) AS target) p""",
    """INSERT INTO live_triggers (trade_id, account_id, instrument_id, lower, upper, active_from)
       SELECT id, account_id, instrument_id, stop_loss, (targets -> 0 ->> 'price')::numeric, %(start)s FROM trades""",
    "ALTER TABLE trades_0 SET (autovacuum_enabled = off)",
    "ALTER TABLE live_triggers SET (autovacuum_enabled = off)",
    "ALTER TABLE accounts SET (autovacuum_enabled = off)",
    "VACUUM ANALYZE",
    "CHECKPOINT",
)
