"""Event partitions are there before their day, and go after their time."""

import asyncio
from datetime import UTC, datetime, timedelta

from services.db import retention
from services.db.pool import Connection
from tests.evaluation.desk import START, Desk

DAY = timedelta(days=1)


async def partitions(connection: Connection) -> set[str]:
    cursor = await connection.execute(
        """SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
           WHERE h.inhparent = 'events'::regclass"""
    )
    return {row[0] for row in await cursor.fetchall()}


async def today(connection: Connection) -> datetime:
    cursor = await connection.execute("SELECT now()")
    return (await cursor.fetchone() or ())[0].astimezone(UTC)


def name(day: datetime) -> str:
    return f"events_{day:%Y%m%d}"


async def tell(connection: Connection, seq: int, at: datetime) -> str:
    """An event of `at`; the partition it went to."""
    cursor = await connection.execute(
        """INSERT INTO events (stream, seq, created_at, type, action, payload) VALUES ('market', %s, %s, 't', 'a', '{}')
           RETURNING tableoid::regclass::text""",
        [seq, at],
    )
    return (await cursor.fetchone() or ())[0]


async def test_partitions_are_made_ahead_and_repeatedly(desk: Desk):
    async def make() -> None:
        async with desk.pool.connection() as connection:
            await retention.make_partitions(connection)

    await asyncio.gather(*(make() for _ in range(3)))
    await make()
    async with desk.pool.connection() as connection:
        now = await today(connection)
        assert await partitions(connection) == {"events_other"} | {name(now + ahead * DAY) for ahead in range(4)}
        assert await tell(connection, 1, now) == name(now)
        assert await tell(connection, 2, now + 3 * DAY) == name(now + 3 * DAY)
        assert await tell(connection, 3, now + 4 * DAY) == "events_other"


async def test_a_day_whose_events_went_elsewhere_gets_no_partition(desk: Desk):
    async with desk.pool.connection() as connection:
        now = await today(connection)
        assert await tell(connection, 1, now + DAY) == "events_other"
        await retention.make_partitions(connection)
        made = await partitions(connection)
        assert name(now + DAY) not in made
        assert {name(now), name(now + 2 * DAY)} <= made
        assert await tell(connection, 2, now + DAY) == "events_other"


async def test_what_is_old_is_forgotten_and_nothing_else(desk: Desk):
    async with desk.pool.connection() as connection:
        now = await today(connection)
        for days in (29, 32):
            day = now - days * DAY
            await connection.execute(
                f"CREATE TABLE {name(day)} PARTITION OF events "
                f"FOR VALUES FROM ('{day:%Y-%m-%d} 00:00+00') TO ('{day + DAY:%Y-%m-%d} 00:00+00')"
            )
            assert await tell(connection, days, day) == name(day)
        await tell(connection, 1, now - 40 * DAY)
        await tell(connection, 2, now - 20 * DAY)
        await connection.execute(
            """INSERT INTO cycles (slot, expected, started_at)
               SELECT at, 1, at FROM unnest(ARRAY[now() - interval '6 days', now() - interval '8 days']) at"""
        )
        await connection.execute(
            """INSERT INTO idempotency (scope, key, request_hash, created_at)
               VALUES ('s', 'young', 'h', now() - interval '1 day'), ('s', 'old', 'h', now() - interval '3 days')"""
        )
        await retention.forget(connection)
        cursor = await connection.execute("SELECT seq FROM events ORDER BY seq")
        assert [row[0] for row in await cursor.fetchall()] == [2, 29]
        made = await partitions(connection)
        assert name(now - 29 * DAY) in made
        assert name(now - 32 * DAY) not in made
        cursor = await connection.execute("SELECT (SELECT count(*) FROM cycles), key FROM idempotency")
        assert await cursor.fetchall() == [(1, "young")]


async def test_bars_go_by_the_exchanges_days(desk: Desk):
    """The exchange's clock may stand months away from the database's; what is dropped is not promised any more."""
    async with desk.pool.connection() as connection:
        await retention.make_partitions(connection)
        first = START.replace(hour=0)
        for day in (first, first + 3 * DAY, first + 4 * DAY):
            await connection.execute("INSERT INTO minute_bars VALUES (1, %s, 1, 1, 1, 1)", [day])
            await connection.execute("INSERT INTO hour_ranges VALUES (1, %s, 1, 1)", [day])
        cursor = await connection.execute("SELECT tableoid::regclass::text FROM minute_bars ORDER BY open_time")
        names = [row[0] for row in await cursor.fetchall()]
        assert names == [f"minute_bars_{first:%Y%m%d}", f"minute_bars_{first + 3 * DAY:%Y%m%d}", "minute_bars_other"]
        for days, kept, bars_from in ((35, 3, first), (38, 2, first + 3 * DAY), (40, 0, first + 5 * DAY)):
            await connection.execute("UPDATE watermarks SET judged_to = %s", [START + days * DAY])
            await retention.forget(connection)
            for table in ("minute_bars", "hour_ranges"):
                found = await connection.execute(f"SELECT count(*) FROM {table}".encode())
                assert await found.fetchone() == (kept,), (table, days)
            cursor = await connection.execute("SELECT bars_from FROM system")
            assert await cursor.fetchone() == (bars_from,)
