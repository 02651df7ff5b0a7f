"""Scans: which batches a close asks for and which are done, and the strategies that had to be disabled."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from services.db.pool import Connection
from services.domain.candles import Timeframe
from services.domain.market import Market
from services.domain.shards import Shard


class ScanBatch(msgspec.Struct, frozen=True):
    """A shard of the scan at one close: its pairs, and the timeframes whose candles closed then."""

    market: Market
    closed_to: datetime
    shard: int
    timeframes: tuple[Timeframe, ...]
    symbols: tuple[str, ...]


class ScanState(msgspec.Struct, frozen=True):
    """The newest scan of a market. `seconds` is wall time from its plan to its last batch; None while it goes on."""

    market_type: Market
    closed_to: datetime
    timeframes: list[Timeframe]
    batches: int
    done: int
    signals: int
    seconds: float | None


class Disabled(msgspec.Struct, frozen=True):
    """A strategy that raised, and what."""

    strategy: str
    reason: str
    disabled_at: datetime


_COLUMNS = "market, closed_to, shard, timeframes, symbols"


def _batch(row: tuple[str, datetime, int, list[str], list[str]]) -> ScanBatch:
    market, closed_to, shard, timeframes, symbols = row
    return ScanBatch(Market(market), closed_to, shard, tuple(map(Timeframe, timeframes)), tuple(symbols))


async def is_planned(connection: Connection, market: Market, closed_to: datetime) -> bool:
    """Whether the scan of that close has its batches."""
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM scans WHERE market = %s AND closed_to = %s)", [market, closed_to]
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def plan(
    connection: Connection, closed_to: datetime, timeframes: Sequence[Timeframe], shards: Sequence[Shard]
) -> None:
    """Record the batches of a scan; repetition changes nothing."""
    rows = [{"market": each.market, "shard": each.number, "symbols": each.symbols} for each in shards]
    await connection.execute(
        """INSERT INTO scans (market, closed_to, shard, timeframes, symbols)
           SELECT market, %s, shard, %s, symbols
           FROM json_to_recordset(%s::json) AS r(market text, shard int, symbols text[]) ON CONFLICT DO NOTHING""",
        [closed_to, list(timeframes), msgspec.json.encode(rows).decode()],
    )


async def undone(connection: Connection, market: Market, since: datetime) -> list[ScanBatch]:
    """The batches of closes at or after `since` that are not done, latest close first."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM scans WHERE market = %s AND closed_to >= %s AND done_at IS NULL"
        " ORDER BY closed_to DESC, shard",
        [market, since],
    )
    return [_batch(row) for row in await cursor.fetchall()]


async def load(connection: Connection, market: Market, closed_to: datetime, shard: int) -> ScanBatch | None:
    """A batch that is not done yet."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM scans WHERE market = %s AND closed_to = %s AND shard = %s AND done_at IS NULL",
        [market, closed_to, shard],
    )
    row = await cursor.fetchone()
    return None if row is None else _batch(row)


async def done(connection: Connection, batch: ScanBatch, found: int) -> None:
    """Record that a batch is done, with so many signals."""
    await connection.execute(
        """UPDATE scans SET done_at = clock_timestamp(), found = %s
           WHERE market = %s AND closed_to = %s AND shard = %s AND done_at IS NULL""",
        [found, batch.market, batch.closed_to, batch.shard],
    )


async def newest(connection: Connection) -> list[ScanState]:
    """The newest scan of each market."""
    cursor = await connection.execute(
        """SELECT DISTINCT ON (market) market, closed_to, max(timeframes), count(*), count(done_at), sum(found)::int,
               CASE WHEN count(*) = count(done_at)
                    THEN extract(epoch FROM max(done_at) - min(planned_at))::float8 END
           FROM scans GROUP BY market, closed_to ORDER BY market, closed_to DESC"""
    )
    return [
        msgspec.convert(dict(zip(ScanState.__struct_fields__, row, strict=True)), ScanState)
        for row in await cursor.fetchall()
    ]


async def disabled(connection: Connection) -> list[Disabled]:
    """The strategies that do not run, by name."""
    cursor = await connection.execute("SELECT strategy, reason, disabled_at FROM disabled_strategies ORDER BY strategy")
    return [Disabled(*row) for row in await cursor.fetchall()]


async def disable(connection: Connection, failures: Mapping[str, str]) -> list[str]:
    """Let these strategies, with a reason each, not run any more; those that ran until now."""
    cursor = await connection.execute(
        """INSERT INTO disabled_strategies (strategy, reason) SELECT * FROM unnest(%s::text[], %s::text[])
           ON CONFLICT DO NOTHING RETURNING strategy""",
        [list(failures), [reason[:REASON_MAX] for reason in failures.values()]],
    )
    return sorted(name for (name,) in await cursor.fetchall())


async def enable(connection: Connection, strategy: str) -> str | None:
    """Let it run again; why it did not, None if it was not disabled."""
    cursor = await connection.execute(
        "DELETE FROM disabled_strategies WHERE strategy = %s RETURNING reason", [strategy]
    )
    row = await cursor.fetchone()
    return None if row is None else str(row[0])


REASON_MAX = 1000
RETRIED = timedelta(hours=1)
"""Exchange time after a close for which its batches are tried again."""
