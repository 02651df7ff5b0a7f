"""Retention, decided at birth: partitions by day, and the ages beyond which rows are forgotten.

Events are as old as the database's clock says; bars as the exchange's, which in a simulated market is another.
"""

from datetime import date, timedelta

import structlog
from psycopg import errors

from services.db import trade_partitions
from services.db.pool import Connection, outlast

log = structlog.get_logger(__name__)

EVENTS_KEPT = timedelta(days=30)
CYCLES_KEPT = timedelta(days=7)
IDEMPOTENCY_KEPT = timedelta(days=2)
FINER_GAPS_KEPT = timedelta(days=7)
SCANS_KEPT = timedelta(days=7)
SIGNALS_KEPT = timedelta(days=90)
"""Payloads, and signals that no trade came of; those of trades stay as long as their trades."""
AUDIT_KEPT = timedelta(days=365)
BARS_KEPT = timedelta(days=35)
SESSIONS_KEPT = timedelta(0)
"""Beyond their end."""
DELIVERIES_KEPT = timedelta(days=7)
DEAD_DELIVERIES_KEPT = timedelta(days=30)
EQUITY_KEPT = {"minute": timedelta(days=7), "hour": timedelta(days=400)}
_OLD_ROWS = (
    ("DELETE FROM events_other WHERE created_at < now() - %s", EVENTS_KEPT),
    ("DELETE FROM cycles WHERE started_at < now() - %s", CYCLES_KEPT),
    ("DELETE FROM idempotency WHERE created_at < now() - %s", IDEMPOTENCY_KEPT),
    ("DELETE FROM finer_gaps WHERE noted_at < now() - %s", FINER_GAPS_KEPT),
    ("DELETE FROM scans WHERE planned_at < now() - %s", SCANS_KEPT),
    ("DELETE FROM signal_payloads WHERE received_at < now() - %s", SIGNALS_KEPT),
    (
        """DELETE FROM signals s WHERE received_at < now() - %s AND status <> 'ACTIVE'
           AND NOT EXISTS (SELECT FROM trades t WHERE t.signal_id = s.id)""",
        SIGNALS_KEPT,
    ),
    ("DELETE FROM audit_log WHERE at < now() - %s", AUDIT_KEPT),
    ("DELETE FROM sessions WHERE expires_at < now() - %s", SESSIONS_KEPT),
    ("DELETE FROM deliveries WHERE state = 'delivered' AND created_at < now() - %s", DELIVERIES_KEPT),
    ("DELETE FROM deliveries WHERE state = 'dead' AND created_at < now() - %s", DEAD_DELIVERIES_KEPT),
)
_BRIEFLY = "SET LOCAL lock_timeout = '300ms'"
_DAYS_AHEAD = 3
_EXCHANGE_TIME = "(SELECT max(judged_to) FROM watermarks)"
_PARTITIONS_LOCK = 0x65767473  # one maker of partitions at a time: "evts" in ASCII


async def make_partitions(connection: Connection) -> None:
    """Make the partitions of today, of the next days and of the next trades, each in a transaction of its own.

    Whoever reads such a table for long holds a new partition up, and everybody behind it: after a moment it is left to
    the next time. Until then the default partition takes the rows; a day whose rows lie there keeps them there.
    """
    cursor = await connection.execute(
        """SELECT (now() AT TIME ZONE 'UTC')::date, (coalesce(max(judged_to), now()) AT TIME ZONE 'UTC')::date
           FROM watermarks"""
    )
    row = await cursor.fetchone()
    assert row is not None
    await connection.commit()
    for table, key, today in (("events", "created_at", row[0]), ("minute_bars", "open_time", row[1])):
        for ahead in range(_DAYS_AHEAD + 1):
            day = today + timedelta(days=ahead)
            try:
                await _make_partition(connection, table, key, day)
                await connection.commit()
            except errors.LockNotAvailable:
                await connection.rollback()
                log.warning("partition_postponed", table=table, day=day.isoformat())
    await trade_partitions.make_ahead(connection)


async def _make_partition(connection: Connection, table: str, key: str, day: date) -> None:
    name, until = f"{table}_{day:%Y%m%d}", day + timedelta(days=1)
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_PARTITIONS_LOCK])
    cursor = await connection.execute(
        f"""SELECT to_regclass(%s) IS NULL
            AND NOT EXISTS (SELECT FROM {table}_other WHERE {key} >= %s::date AND {key} < %s::date)""",
        [name, day, until],
    )
    row = await cursor.fetchone()
    if row is not None and row[0]:
        await connection.execute(_BRIEFLY)
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} "
            f"FOR VALUES FROM ('{day} 00:00+00') TO ('{until} 00:00+00')"
        )


async def forget(connection: Connection) -> None:
    """Drop partitions and rows beyond their age, each in a transaction of its own."""
    await _drop_partitions(connection, "events", "now()", EVENTS_KEPT)
    await _forget_bars(connection)
    for span, age in EQUITY_KEPT.items():
        await _delete(
            connection, f"DELETE FROM equity_samples WHERE span = '{span}' AND time < {_EXCHANGE_TIME} - %s", age
        )
    for statement, age in _OLD_ROWS:
        await _delete(connection, statement, age)


async def _forget_bars(connection: Connection) -> None:
    """First say from when bars are whole, then let go of those before."""
    await connection.execute(
        f"""UPDATE system SET bars_from = day FROM (SELECT date_trunc('day', {_EXCHANGE_TIME} - %s, 'UTC') AS day) d
            WHERE bars_from < day""",
        [BARS_KEPT],
    )
    await connection.commit()
    await _drop_partitions(connection, "minute_bars", _EXCHANGE_TIME, BARS_KEPT)
    for table, key in (("minute_bars_other", "open_time"), ("hour_ranges", "hour")):
        await _delete(
            connection, f"DELETE FROM {table} WHERE {key} < {_EXCHANGE_TIME} - %s - interval '1 day'", BARS_KEPT
        )


async def _delete(connection: Connection, statement: str, age: timedelta) -> None:
    await connection.execute("SET LOCAL statement_timeout = '2min'")
    await outlast(connection)
    await connection.execute(statement, [age])
    await connection.commit()


async def _drop_partitions(connection: Connection, table: str, now: str, age: timedelta) -> None:
    cursor = await connection.execute(
        f"""SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
            WHERE h.inhparent = %s::regclass AND c.relname ~ '_[0-9]{{8}}$'
              AND to_date(right(c.relname, 8), 'YYYYMMDD') < (({now} - %s) AT TIME ZONE 'UTC')::date""",
        [table, age],
    )
    names = [name for (name,) in await cursor.fetchall()]
    await connection.commit()
    for name in names:
        try:
            await connection.execute(_BRIEFLY)
            await connection.execute(f"DROP TABLE {name}")
            await connection.commit()
        except errors.LockNotAvailable:
            await connection.rollback()
            log.warning("partition_kept", partition=name)
