"""Stored candles: closed ones of the scanned timeframes, as many as the longest lookback needs.

Written set-based, read back as bytes that numpy takes without a loop: a record of CANDLE_BYTES a candle, big-endian,
the open time in ms and then open, high, low, close and volume as doubles.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from services.db.pool import Connection
from services.domain.candles import Candle, Timeframe

CANDLE_BYTES = 48
KEPT = 500
"""Closed candles kept of a pair and timeframe: those a scan looks at, and some for charts."""


async def newest(connection: Connection, instrument_ids: Iterable[int], timeframe: Timeframe) -> dict[int, datetime]:
    """When the newest stored candle of each instrument opened; those without any are left out."""
    cursor = await connection.execute(
        """SELECT id, c.open_time FROM unnest(%s::int[]) AS i(id) CROSS JOIN LATERAL (
               SELECT open_time FROM candles WHERE instrument_id = id AND timeframe = %s
               ORDER BY open_time DESC LIMIT 1) c""",
        [list(instrument_ids), timeframe],
    )
    return dict(await cursor.fetchall())


async def store(connection: Connection, timeframe: Timeframe, candles: Mapping[int, Sequence[Candle]]) -> None:
    """Add closed candles by instrument, and forget the instrument's ones beyond KEPT. Stored ones stay as they are."""
    rows = [(id_, candle) for id_, found in sorted(candles.items()) for candle in found]
    if not rows:
        return
    times = [candle.open_time for _, candle in rows]
    # Arrays as texts, spelt before the transaction begins: the driver takes twenty times as long over lists.
    columns = [
        _array(id_ for id_, _ in rows),
        _array(time.timestamp() for time in times),
        *(_array(getattr(candle, name) for _, candle in rows) for name in ("open", "high", "low", "close", "volume")),
    ]
    await connection.execute(
        """INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close, volume)
           SELECT id, %s, to_timestamp(opened), o, h, l, c, v FROM unnest(%s::int[], %s::float8[], %s::float8[],
               %s::float8[], %s::float8[], %s::float8[], %s::float8[]) AS r(id, opened, o, h, l, c, v)
           ON CONFLICT DO NOTHING""",
        [timeframe, *columns],
    )
    await _forget(connection, timeframe, sorted(candles), max(times))


def _array(values: Iterable[object]) -> str:
    """The text of an array of numbers."""
    return "{" + ",".join(map(str, values)) + "}"


async def roll_up(
    connection: Connection, instrument_ids: Iterable[int], base: Timeframe, timeframe: Timeframe, closed_to: datetime
) -> None:
    """Put the candle of `timeframe` that closed at `closed_to` together from complete stored ones of `base`.

    It spares a request a pair. Only where the candle before is stored: whoever is further behind fetches all of it.
    """
    begin = closed_to - timeframe.length
    ids = sorted(instrument_ids)
    await connection.execute(
        """INSERT INTO candles (instrument_id, timeframe, open_time, open, high, low, close, volume)
           SELECT b.instrument_id, %(timeframe)s, %(begin)s, (array_agg(b.open ORDER BY b.open_time))[1], max(b.high),
               min(b.low), (array_agg(b.close ORDER BY b.open_time DESC))[1], sum(b.volume)
           FROM candles b
           WHERE b.instrument_id = ANY(%(ids)s) AND b.timeframe = %(base)s
               AND b.open_time >= %(begin)s AND b.open_time < %(end)s
               AND EXISTS (SELECT FROM candles p WHERE p.instrument_id = b.instrument_id
                           AND p.timeframe = %(timeframe)s AND p.open_time = %(before)s)
           GROUP BY b.instrument_id HAVING count(*) = %(parts)s
           ON CONFLICT DO NOTHING""",
        {
            "timeframe": timeframe,
            "base": base,
            "ids": ids,
            "begin": begin,
            "end": closed_to,
            "before": begin - timeframe.length,
            "parts": timeframe.length // base.length,
        },
    )
    await _forget(connection, timeframe, ids, begin)


async def _forget(connection: Connection, timeframe: Timeframe, ids: Sequence[int], newest_open: datetime) -> None:
    await connection.execute(
        "DELETE FROM candles WHERE instrument_id = ANY(%s) AND timeframe = %s AND open_time <= %s",
        [ids, timeframe, newest_open - KEPT * timeframe.length],
    )


async def load(
    connection: Connection, instrument_ids: Iterable[int], timeframe: Timeframe, closed_to: datetime, bars: int
) -> dict[int, bytes]:
    """The candles of the last `bars` lengths before `closed_to` by instrument, ascending, in one query."""
    cursor = await connection.execute(
        """SELECT instrument_id, string_agg(int8send((extract(epoch FROM open_time) * 1000)::int8) || float8send(open)
               || float8send(high) || float8send(low) || float8send(close) || float8send(volume), ''::bytea
               ORDER BY open_time)
           FROM candles WHERE instrument_id = ANY(%s) AND timeframe = %s AND open_time < %s AND open_time >= %s
           GROUP BY instrument_id""",
        [list(instrument_ids), timeframe, closed_to, closed_to - bars * timeframe.length],
        binary=True,
    )
    return dict(await cursor.fetchall())


async def forget_others(connection: Connection, timeframes: Iterable[Timeframe]) -> None:
    """Drop the candles of timeframes that are no longer scanned."""
    await connection.execute("DELETE FROM candles WHERE timeframe <> ALL(%s)", [list(timeframes)])


async def first_traded(connection: Connection, instrument_ids: Iterable[int]) -> dict[int, datetime]:
    """The day on which each instrument began to trade, where it is known."""
    cursor = await connection.execute(
        "SELECT instrument_id, day FROM first_traded WHERE instrument_id = ANY(%s)", [list(instrument_ids)]
    )
    return dict(await cursor.fetchall())


async def note_first_traded(connection: Connection, days: Mapping[int, datetime]) -> None:
    """Keep what the exchange told about it."""
    await connection.execute(
        "INSERT INTO first_traded SELECT * FROM unnest(%s::int[], %s::timestamptz[]) ON CONFLICT DO NOTHING",
        [list(days), list(days.values())],
    )
