"""Candle cycles: which batches a slot expects and which have been evaluated, so that a missing one is seen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from services.db.pool import Connection
from services.domain.shards import Batch, Shard


class CycleState(msgspec.Struct, frozen=True):
    """The newest finished cycle and what is missing: batches past their deadline."""

    slot: datetime | None
    pairs: int
    seconds: float | None
    late_batches: int


async def begin(connection: Connection, slot: datetime, shards: Sequence[Shard]) -> None:
    """Record what the cycle of `slot` expects; repeated calls change nothing."""
    await connection.execute(
        "INSERT INTO cycles (slot, expected) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [slot, sum(shard.answering for shard in shards)],
    )
    await connection.execute(
        """INSERT INTO cycle_batches (slot, market, shard, pairs)
           SELECT %s, * FROM unnest(%s::text[], %s::int[], %s::int[]) ON CONFLICT DO NOTHING""",
        [
            slot,
            [shard.market for shard in shards],
            [shard.number for shard in shards],
            [shard.answering for shard in shards],
        ],
    )


async def evaluated(connection: Connection, batch: Batch, pairs: int) -> None:
    """Record that `pairs` that trade have been evaluated of a batch; the last batch finishes the cycle."""
    await connection.execute(
        """UPDATE cycle_batches SET evaluated = greatest(evaluated, %s)
           WHERE slot = %s AND market = %s AND shard = %s""",
        [pairs, batch.slot, batch.market, batch.shard],
    )
    await connection.execute(
        """UPDATE cycles SET finished_at = clock_timestamp() WHERE slot = %(slot)s AND finished_at IS NULL
           AND NOT EXISTS (SELECT FROM cycle_batches WHERE slot = %(slot)s AND evaluated < pairs)""",
        {"slot": batch.slot},
    )


async def state(connection: Connection, deadline: timedelta) -> CycleState:
    """How the cycles are doing."""
    cursor = await connection.execute(
        """SELECT newest.slot, coalesce(newest.expected, 0), newest.seconds, late.batches
           FROM (SELECT count(*) AS batches FROM cycle_batches b JOIN cycles c USING (slot)
                 WHERE b.evaluated < b.pairs AND c.started_at BETWEEN now() - interval '1 hour' AND now() - %s) late
           LEFT JOIN (SELECT slot, expected, extract(epoch FROM finished_at - started_at)::float8 AS seconds
                      FROM cycles WHERE finished_at IS NOT NULL ORDER BY slot DESC LIMIT 1) newest ON true""",
        [deadline],
    )
    row = await cursor.fetchone()
    assert row is not None
    return CycleState(*row)
