"""Retention, decided at birth: event partitions by day, and the ages beyond which rows are forgotten."""

from datetime import date, timedelta

from services.db.pool import Connection

EVENTS_KEPT = timedelta(days=30)
CYCLES_KEPT = timedelta(days=7)
IDEMPOTENCY_KEPT = timedelta(days=2)
FINER_GAPS_KEPT = timedelta(days=7)
_DAYS_AHEAD = 3
_PARTITIONS_LOCK = 0x65767473  # one maker of partitions at a time: "evts" in ASCII


async def make_partitions(connection: Connection) -> None:
    """Make the event partitions of today and the next days, where the default partition holds none of their rows."""
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_PARTITIONS_LOCK])
    cursor = await connection.execute("SELECT (now() AT TIME ZONE 'UTC')::date")
    row = await cursor.fetchone()
    assert row is not None
    today: date = row[0]
    for ahead in range(_DAYS_AHEAD + 1):
        await _make_partition(connection, today + timedelta(days=ahead))


async def _make_partition(connection: Connection, day: date) -> None:
    name, until = f"events_{day:%Y%m%d}", day + timedelta(days=1)
    cursor = await connection.execute(
        """SELECT to_regclass(%s) IS NULL
           AND NOT EXISTS (SELECT FROM events_other WHERE created_at >= %s::date AND created_at < %s::date)""",
        [name, day, until],
    )
    row = await cursor.fetchone()
    if row is not None and row[0]:
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF events "
            f"FOR VALUES FROM ('{day} 00:00+00') TO ('{until} 00:00+00')"
        )


async def forget(connection: Connection) -> None:
    """Drop event partitions and rows beyond their age."""
    cursor = await connection.execute(
        """SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
           WHERE h.inhparent = 'events'::regclass AND c.relname ~ '^events_[0-9]{8}$'
             AND to_date(right(c.relname, 8), 'YYYYMMDD') < (now() - %s)::date""",
        [EVENTS_KEPT],
    )
    for (name,) in await cursor.fetchall():
        await connection.execute(f"DROP TABLE {name}")
    await connection.execute("DELETE FROM events_other WHERE created_at < now() - %s", [EVENTS_KEPT])
    await connection.execute("DELETE FROM cycles WHERE started_at < now() - %s", [CYCLES_KEPT])
    await connection.execute("DELETE FROM idempotency WHERE created_at < now() - %s", [IDEMPOTENCY_KEPT])
    await connection.execute("DELETE FROM finer_gaps WHERE noted_at < now() - %s", [FINER_GAPS_KEPT])
