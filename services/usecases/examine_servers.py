"""Examines the two servers: PostgreSQL and Redis, each as it is and as this program needs it."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.db import diagnosis
from services.db.diagnosis import Diagnosis
from services.db.migrate import revisions
from services.domain.finding import Finding, doubt, fine, wrong
from services.settings import Settings

VERSIONS = (16, 18)
CLOCK_SECONDS = 1.0
TRANSACTION_SECONDS = 300.0
FROZEN_AGE = 1_000_000_000
DEAD_ROWS = 200_000
FREE_SHARE, FREE_BYTES = 0.1, 5 * 2**30
FULL = 0.8
_MIB = 2**20


async def examine_postgres(settings: Settings) -> list[Finding]:
    """What is wrong with PostgreSQL, and with our schema in it."""
    try:
        connection = await diagnosis.connect(settings.database_url)
    except psycopg.Error as error:
        mend = "start it, or correct PAPERFLEET_DATABASE_URL; the fleet waits meanwhile and loses nothing"
        return [wrong("postgres", f"cannot be reached: {_line(error)}", mend)]
    async with connection:
        told = await diagnosis.diagnose(connection)
    return [*_server(told), *_schema(told), *_room(told), _budget(told, settings.disk_budget_bytes), _disk(told)]


def _server(told: Diagnosis) -> Iterator[Finding]:
    low, high = VERSIONS
    if not low <= told.version <= high:
        yield wrong("postgres", f"version {told.version}", f"this program is made for PostgreSQL {low} to {high}")
    else:
        yield fine("postgres", f"version {told.version}, {told.size_bytes // _MIB:,} MiB")
    unsafe = [name for name in ("fsync", "full_page_writes") if told.settings.get(name) == "off"]
    if told.settings.get("synchronous_commit") == "off":
        unsafe.append("synchronous_commit")
    if unsafe:
        names = ", ".join(unsafe)
        yield wrong("durability", f"{names} off: a crash loses what was committed", f"switch {names} on and reload")
    else:
        yield fine("durability", "what is committed stays")
    if abs(told.clock_seconds) > CLOCK_SECONDS:
        yield doubt("database_clock", f"{told.clock_seconds:+.1f} s beside this machine", "let NTP set both clocks")


def _schema(told: Diagnosis) -> Iterator[Finding]:
    newest, known = revisions()[0], told.revision
    if known is None:
        yield wrong("schema", "there is none", "run `paperfleet migrate`")
    elif known == newest:
        yield fine("schema", f"revision {known}")
    elif known in revisions():
        yield wrong("schema", f"revision {known}, this program wants {newest}", "run `paperfleet migrate`")
    else:
        yield doubt(
            "schema", f"revision {known} is unknown to this program, which ends at {newest}", "finish the upgrade"
        )
    if told.missing_partitions:
        names = ", ".join(told.missing_partitions)
        yield doubt(
            "partitions", f"missing: {names}", "any process makes them when it starts; is `maintenance` served?"
        )
    elif told.stale_partitions:
        names = f"{len(told.stale_partitions)} beyond their age, such as {told.stale_partitions[0]}"
        yield doubt("partitions", names, "is the queue `maintenance` served? Does a long reader lock them?")
    else:
        yield fine("partitions", "made ahead, dropped in time")


def _room(told: Diagnosis) -> Iterator[Finding]:
    bloated = [each for each in told.bloat if each.dead > max(DEAD_ROWS, each.live)]
    if told.settings.get("autovacuum") == "off" or told.settings.get("track_counts") == "off":
        yield wrong("vacuum", "autovacuum is off", "switch autovacuum and track_counts on")
    elif told.frozen_age > FROZEN_AGE:
        yield wrong("vacuum", f"{told.frozen_age:,} transactions not frozen", "run VACUUM (FREEZE) on this database")
    elif bloated:
        names = ", ".join(f"{each.table} ({each.dead:,} dead rows)" for each in bloated)
        yield doubt("vacuum", names, "look for long transactions, then run VACUUM on these tables")
    else:
        yield fine("vacuum", "keeps up")
    if told.oldest_seconds > TRANSACTION_SECONDS:
        text = f"one has been open for {told.oldest_seconds:,.0f} s"
        yield doubt("transactions", text, "end it: it keeps vacuum from removing anything (pg_stat_activity)")
    used = f"{told.connections} of {told.connections_max} connections"
    if told.connections > FULL * told.connections_max:
        yield doubt("connections", used, "raise max_connections, or lower PAPERFLEET_POOL_SIZE")
    else:
        yield fine("connections", used)


def _budget(told: Diagnosis, budget: int) -> Finding:
    """How much of what the operator grants it the database has, and which tables have it."""
    largest = (f"{table} {size // _MIB:,}" for table, size in told.tables.items())
    text = ", ".join([f"{told.size_bytes // _MIB:,} MiB of {budget // _MIB:,}", *largest])
    if told.size_bytes > FULL * budget:
        mend = "docs/runbook.md#disk-budget tells why a table grows; on a larger disk raise PAPERFLEET_DISK_BUDGET_GIB"
        return doubt("disk_budget", text, mend)
    return fine("disk_budget", text)


def _disk(told: Diagnosis) -> Finding:
    usage = None
    if told.data_directory is not None:
        with suppress(OSError):
            usage = shutil.disk_usage(told.data_directory)
    if usage is None:
        return fine("disk", "not visible from here: watch it on the server's own machine")
    text = f"{usage.free // _MIB:,} MiB free of {usage.total // _MIB:,}"
    if usage.free < min(FREE_BYTES, FREE_SHARE * usage.total):
        return wrong("disk", text, "make room, a full disk stops the database: docs/runbook.md#disk-budget")
    return fine("disk", text)


async def examine_redis(redis: Redis) -> list[Finding]:
    """What is wrong with Redis, or Valkey."""
    try:
        info: dict[str, Any] = await redis.info()
    except RedisError as error:
        mend = "start it, or correct PAPERFLEET_REDIS_URL; it holds nothing that matters, an empty one will do"
        return [wrong("redis", f"cannot be reached: {_line(error)}", mend)]
    return list(_redis(info))


def _redis(info: dict[str, Any]) -> Iterator[Finding]:
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version") or "?")
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < 7:
        yield wrong("redis", f"{name} {version}", "this program needs Redis 7 or Valkey 8, or newer")
    else:
        yield fine("redis", f"{name} {version}, {used // _MIB} MiB")
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        mend = "set maxmemory-policy to noeviction: else messages and the weight budget vanish when memory is short"
        yield wrong("eviction", policy, mend)
    elif limit and used > FULL * limit:
        yield doubt("eviction", f"{used / limit:.0%} of maxmemory used", "raise maxmemory; look for queues that grow")
    else:
        yield fine("eviction", policy)
    if info.get("rdb_last_bgsave_status") == "err" or info.get("aof_last_write_status") == "err":
        yield wrong(
            "persistence", "its last save failed, so it refuses writes", 'mend its disk, or run it with --save ""'
        )
    if info.get("role") not in (None, "master"):
        yield wrong("redis_role", f"it is a {info['role']}", "point PAPERFLEET_REDIS_URL at the primary")


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
