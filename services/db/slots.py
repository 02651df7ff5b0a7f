"""Job slots: which scheduler does what the clock asks for, decided by compare-and-set on the database's clock.

A slot is floor(now / interval). Every scheduler asks for every slot and one gets it; when it dies before it has
dispatched, another gets the slot after RECLAIM_AFTER. A lock would be kept for ever by a frozen holder.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from psycopg.rows import class_row

from services.db.pool import Connection

RECLAIM_AFTER = timedelta(seconds=10)


class JobState(msgspec.Struct, frozen=True):
    """How far a job has come. `age` is how long ago its last dispatched slot began; None if none ever was."""

    job: str
    slot: datetime
    claimed_at: datetime
    dispatched_slot: datetime | None
    age: timedelta | None


# The condition stands twice: ON CONFLICT decides, `due` spares the row a lock each time there is nothing to do.
_CLAIM = """
WITH clock AS (
    SELECT now, date_bin(%(interval)s, now - %(offset)s, 'epoch') AS slot
    FROM (SELECT clock_timestamp() AS now)
), due AS (
    SELECT now, slot FROM clock
    WHERE NOT EXISTS (
        SELECT FROM jobs
        WHERE job = %(job)s AND (jobs.slot > clock.slot OR jobs.slot = clock.slot
              AND (dispatched_slot = jobs.slot OR claimed_at > clock.now - %(reclaim_after)s))
    )
)
INSERT INTO jobs AS held (job, slot, claimed_at)
SELECT %(job)s, slot, now FROM due
ON CONFLICT (job) DO UPDATE SET slot = excluded.slot, claimed_at = excluded.claimed_at
WHERE held.slot < excluded.slot
   OR held.slot = excluded.slot AND held.dispatched_slot IS DISTINCT FROM held.slot
      AND held.claimed_at <= excluded.claimed_at - %(reclaim_after)s
RETURNING slot
"""


async def claim(
    connection: Connection,
    job: str,
    interval: timedelta,
    *,
    offset: timedelta = timedelta(0),
    reclaim_after: timedelta = RECLAIM_AFTER,
) -> datetime | None:
    """The slot that is the caller's to dispatch now, or None when there is none.

    A slot begins `offset` after its name. Commit before dispatching: the claim is what keeps others away.
    """
    parameters = {"job": job, "interval": interval, "offset": offset, "reclaim_after": reclaim_after}
    cursor = await connection.execute(_CLAIM, parameters)
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def dispatched(connection: Connection, job: str, slot: datetime) -> bool:
    """Notes that `slot` is dispatched, so that nobody takes it again; False if a later slot has begun."""
    cursor = await connection.execute(
        "UPDATE jobs SET dispatched_slot = slot WHERE job = %s AND slot = %s", (job, slot)
    )
    return cursor.rowcount == 1


async def states(connection: Connection) -> Sequence[JobState]:
    """Every job's state, by name."""
    async with connection.cursor(row_factory=class_row(JobState)) as cursor:
        await cursor.execute(
            """
            SELECT job, slot, claimed_at, dispatched_slot, clock_timestamp() - dispatched_slot AS age
            FROM jobs ORDER BY job
            """
        )
        return await cursor.fetchall()
