"""Trades lie in partitions by ranges of their ids, and are kept for ever: ranges are made ahead, none is dropped.

What is written lies in the last ones; what lies behind is final, is vacuumed once more and then rests.
"""

import msgspec
import structlog
from psycopg import errors

from services.db.pool import Connection, outlast

log = structlog.get_logger(__name__)

IDS = 20_000_000
"""How many ids a partition takes: so many trades are one table to every query of those who never have more."""
AHEAD = IDS // 2
"""With fewer ids left the next is made. No sooner: a partition that waits empty costs each query some planning."""
_OPTIONS = "fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000"
_GROWTH = 0.1
"""What is known of all partitions together is read anew when there are so many more or fewer rows, as a fraction."""
_LOCK = 0x74726473  # one maker of partitions at a time: "trds" in ASCII

_RANGES = """
SELECT bound, bound - (SELECT last_value FROM trades_id_seq) FROM (
    SELECT max(substring(pg_get_expr(c.relpartbound, c.oid) FROM $$TO \\('?([0-9]+)'?\\)$$)::bigint) AS bound
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'trades'::regclass) r
WHERE bound IS NOT NULL
"""
_ROWS = """
SELECT p.reltuples, coalesce(sum(greatest(c.reltuples, 0)), 0) FROM pg_class p
JOIN pg_inherits h ON h.inhparent = p.oid JOIN pg_class c ON c.oid = h.inhrelid
WHERE p.oid = 'trades'::regclass GROUP BY p.oid
"""


class Coming(msgspec.Struct, frozen=True):
    """The partition after the last: its first id, and how many ids are left before it."""

    first: int
    left: int

    @property
    def name(self) -> str:
        """That of its table."""
        return f"trades_{self.first // IDS}"


async def coming(connection: Connection) -> Coming | None:
    """The partition that comes next; None on a schema before there were partitions."""
    row = await (await connection.execute(_RANGES)).fetchone()
    return None if row is None else Coming(*row)


async def make_ahead(connection: Connection) -> None:
    """Make the partition after the last, unless enough ids lie ahead.

    Whoever reads trades for long holds it up, and everybody behind it: after a moment it is left to the next time.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    after = await coming(connection)
    if after is not None and after.left < AHEAD:
        try:
            await connection.execute("SET LOCAL lock_timeout = '300ms'")
            await connection.execute(
                f"CREATE TABLE {after.name} PARTITION OF trades "
                f"FOR VALUES FROM ({after.first}) TO ({after.first + IDS}) WITH ({_OPTIONS})"
            )
        except errors.LockNotAvailable:
            await connection.rollback()
            log.warning("partition_postponed", table="trades", partition=after.name)
    await connection.commit()


async def take_stock(connection: Connection) -> None:
    """Keep the planner's picture of all trades: autovacuum looks at each partition, never at their table."""
    row = await (await connection.execute(_ROWS)).fetchone()
    assert row is not None
    known, rows = row
    if abs(rows - known) > _GROWTH * known:
        await connection.execute("SET LOCAL statement_timeout = '2min'")
        await outlast(connection)
        await connection.execute("ANALYZE trades")
    await connection.commit()
