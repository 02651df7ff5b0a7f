"""What PostgreSQL tells an examiner: read over one plain connection, so that a full pool or an old schema is no bar."""

import time
from datetime import date, timedelta
from typing import Any

import msgspec
import psycopg

from services.db import trade_partitions
from services.db.pool import Connection
from services.db.retention import BARS_KEPT, EVENTS_KEPT

CONNECT_SECONDS = 5
TABLES_SHOWN = 4
HOT_TABLES = ("accounts", "watermarks", "trades", "live_triggers", "results")


class Bloat(msgspec.Struct, frozen=True):
    """A table's row versions that vacuum has not removed, beside those that live."""

    table: str
    dead: int
    live: int


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The server, and our database in it.

    revision           the schema's; None before the first migration
    clock_seconds      how far the server's clock is ahead of ours
    oldest_seconds     how long the oldest open transaction of anybody has run
    frozen_age         transactions since the oldest row that is not frozen; at 2^31 the server stops
    tables             bytes of the largest tables, indexes included and partitions summed up, the largest first
    data_directory     None where the role may not know it
    missing_partitions days of today and tomorrow without a partition of their own, as table and day; the partition
                       of the next trades where ids run out
    stale_partitions   partitions that retention should have dropped a day ago or more
    """

    version: int
    settings: dict[str, str]
    revision: str | None
    clock_seconds: float
    connections: int
    connections_max: int
    oldest_seconds: float
    frozen_age: int
    size_bytes: int
    tables: dict[str, int]
    data_directory: str | None
    bloat: list[Bloat]
    missing_partitions: list[str]
    stale_partitions: list[str]


async def connect(url: str, options: str = "-c timezone=UTC -c statement_timeout=10s") -> Connection:
    """A connection of its own, outside of any pool. Raises psycopg.Error."""
    return await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        application_name="paperfleet doctor",
        options=options,
    )


async def diagnose(connection: Connection) -> Diagnosis:
    """All of it. What a schema before its first migration does not have is empty."""
    version, connections, most, oldest, frozen, size, clock = await _row(connection, _SERVER)
    (has_schema,) = await _row(connection, "SELECT to_regclass('alembic_version') IS NOT NULL")
    revision = (await _row(connection, "SELECT max(version_num) FROM alembic_version"))[0] if has_schema else None
    (may_know,) = await _row(connection, "SELECT pg_has_role(current_user, 'pg_read_all_settings', 'MEMBER')")
    folder = (await _row(connection, "SELECT current_setting('data_directory')"))[0] if may_know else None
    cursor = await connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(_SETTINGS)])
    settings: dict[str, str] = dict(await cursor.fetchall())
    cursor = await connection.execute(
        """SELECT name, sum(n_dead_tup)::bigint, sum(n_live_tup)::bigint FROM pg_stat_user_tables,
               LATERAL (SELECT coalesce(pg_partition_root(relid), relid)::regclass::text AS name) n
           WHERE name = ANY(%s) GROUP BY name""",
        [list(HOT_TABLES)],
    )
    bloat = [Bloat(*row) for row in await cursor.fetchall()]
    tables: dict[str, int] = dict(await (await connection.execute(_TABLES, [TABLES_SHOWN])).fetchall())
    missing, stale = await _partitions(connection) if revision is not None else ([], [])
    return Diagnosis(
        version=version,
        settings=settings,
        revision=revision,
        clock_seconds=float(clock) - time.time(),
        connections=connections,
        connections_max=most,
        oldest_seconds=oldest,
        frozen_age=frozen,
        size_bytes=size,
        tables=tables,
        data_directory=folder,
        bloat=bloat,
        missing_partitions=missing,
        stale_partitions=stale,
    )


async def _partitions(connection: Connection) -> tuple[list[str], list[str]]:
    now, traded = await _row(
        connection,
        """SELECT (now() AT TIME ZONE 'UTC')::date, (coalesce(max(judged_to), now()) AT TIME ZONE 'UTC')::date
           FROM watermarks""",
    )
    cursor = await connection.execute(
        """SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
           WHERE h.inhparent IN ('events'::regclass, 'minute_bars'::regclass)"""
    )
    names = {name for (name,) in await cursor.fetchall()}
    missing, stale = [], []
    for table, today, kept in (("events", now, EVENTS_KEPT), ("minute_bars", traded, BARS_KEPT)):
        wanted = [f"{table}_{today + timedelta(days=ahead):%Y%m%d}" for ahead in (0, 1)]
        missing += [name for name in wanted if name not in names]
        oldest = f"{table}_{today - kept - timedelta(days=2):%Y%m%d}"
        stale += [name for name in sorted(names) if _is_dated(name, table) and name < oldest]
    coming = await trade_partitions.coming(connection)
    if coming is not None and coming.left < trade_partitions.AHEAD // 2:
        missing.append(coming.name)
    return missing, stale


def _is_dated(name: str, table: str) -> bool:
    try:
        date.fromisoformat(name.removeprefix(f"{table}_"))
    except ValueError:
        return False
    return name.startswith(table)


async def _row(connection: Connection, query: str) -> tuple[Any, ...]:
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return row


_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "track_counts", "jit")
_TABLES = """
SELECT coalesce(pg_partition_root(relid), relid)::regclass::text, sum(pg_total_relation_size(relid))::bigint AS size
FROM pg_stat_user_tables GROUP BY 1 ORDER BY size DESC LIMIT %s
"""
_SERVER = """
SELECT current_setting('server_version_num')::int / 10000,
    count(*) FILTER (WHERE backend_type = 'client backend'),
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
    coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)
        FILTER (WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())), 0)::float8,
    (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()),
    pg_database_size(current_database()),
    extract(epoch FROM clock_timestamp())
FROM pg_stat_activity
"""
