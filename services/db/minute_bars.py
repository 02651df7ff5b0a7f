"""Stored minutes of traded prices, and how far a stretch of them reached.

Written where paths are fetched, before anybody judges them: so whatever closes a trade finds every whole minute that
it was held. A bar again changes nothing. Whole hours are kept as ranges too.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.arrays import array
from services.db.pool import Connection
from services.domain.path import Bar, Path


class Stretch(msgspec.Struct, frozen=True):
    """The minutes [begin, end) of an instrument."""

    instrument_id: int
    begin: datetime
    end: datetime


class Reach(msgspec.Struct, frozen=True):
    """The lowest and highest price of a stretch; None where nothing was traded."""

    low: Decimal | None
    high: Decimal | None


async def store(connection: Connection, paths: Iterable[Path]) -> None:
    """Keep the closed bars of `paths` and commit. In the order of the key, so that two writers queue up."""
    rows = sorted({(path.instrument_id, bar.open_time): bar for path in paths for bar in path.bars}.items())
    if rows:
        await connection.execute(_STORE, _columns(rows))
        await connection.commit()


def _columns(rows: Sequence[tuple[tuple[int, datetime], Bar]]) -> list[str]:
    return [
        array(id_ for (id_, _), _ in rows),
        array(time for (_, time), _ in rows),
        array(bar.open for _, bar in rows),
        array(bar.high for _, bar in rows),
        array(bar.low for _, bar in rows),
        array(bar.close for _, bar in rows),
    ]


async def reaches(connection: Connection, stretches: Sequence[Stretch]) -> list[Reach | None]:
    """How far each stretch reached; None where its bars are not all kept."""
    cursor = await connection.execute(
        _REACHES,
        [
            [each.instrument_id for each in stretches],
            [each.begin for each in stretches],
            [each.end for each in stretches],
        ],
    )
    rows = await cursor.fetchall()
    return [Reach(low, high) if whole else None for whole, low, high in rows]


async def closes(connection: Connection, instrument_id: int, minutes: Collection[datetime]) -> dict[datetime, Decimal]:
    """The closes of those of these minutes (by their begin) that are stored."""
    if not minutes:
        return {}
    cursor = await connection.execute(
        """SELECT b.open_time, b.close FROM unnest(%(minutes)s::timestamptz[]) AS m(open_time)
           JOIN minute_bars b ON b.instrument_id = %(id)s AND b.open_time = m.open_time
           WHERE b.open_time BETWEEN %(first)s AND %(last)s""",
        {"id": instrument_id, "minutes": list(minutes), "first": min(minutes), "last": max(minutes)},
    )
    return dict(await cursor.fetchall())


_STORE = """
WITH bar AS (
    SELECT * FROM unnest(%s::int[], %s::timestamptz[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[])
        AS b(instrument_id, open_time, open, high, low, close)
), stored AS (
    INSERT INTO minute_bars SELECT * FROM bar ON CONFLICT DO NOTHING
)
INSERT INTO hour_ranges AS h (instrument_id, hour, high, low)
SELECT instrument_id, date_trunc('hour', open_time, 'UTC') AS hour, max(high), min(low) FROM bar
GROUP BY instrument_id, hour ORDER BY instrument_id, hour
ON CONFLICT (instrument_id, hour) DO UPDATE SET high = greatest(h.high, excluded.high), low = least(h.low, excluded.low)
WHERE h.high < excluded.high OR h.low > excluded.low
"""

# A stretch is its whole hours, and the minutes before and after them.
_REACHES = """
SELECT s.begin >= system.bars_from OR s.begin >= s.until, r.low, r.high
FROM system, unnest(%s::int[], %s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY AS s(id, begin, until, n)
CROSS JOIN LATERAL (SELECT date_trunc('hour', s.begin + interval '59 minutes', 'UTC') AS first,
    date_trunc('hour', s.until, 'UTC') AS behind) h
CROSS JOIN LATERAL (
    SELECT min(low) AS low, max(high) AS high FROM (
        SELECT low, high FROM minute_bars b
        WHERE b.instrument_id = s.id AND b.open_time >= s.begin AND b.open_time < least(h.first, s.until)
        UNION ALL
        SELECT low, high FROM hour_ranges b
        WHERE b.instrument_id = s.id AND b.hour >= h.first AND b.hour < h.behind
        UNION ALL
        SELECT low, high FROM minute_bars b
        WHERE b.instrument_id = s.id AND b.open_time >= greatest(h.first, h.behind) AND b.open_time < s.until
    ) known
) r
ORDER BY s.n
"""
