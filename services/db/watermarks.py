"""Watermarks: up to which minute each instrument's path has been judged. Its row lock orders all writers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.arrays import array
from services.db.pool import Connection
from services.domain.market import Market


class Watermark(msgspec.Struct, frozen=True):
    """Every closed bar before `judged_to` is judged; the rest is what the judged bars left behind."""

    judged_to: datetime
    average_range: Decimal
    last_close: Decimal | None


class Start(msgspec.Struct, frozen=True):
    """From where an instrument's next path must reach: its watermark, and the oldest minute a held trade waits for.

    `needs_mark` tells that the mark price can liquidate a trade of it.
    """

    instrument_id: int
    symbol: str
    judged_to: datetime
    held_from: datetime | None
    last_close: Decimal | None
    needs_mark: bool

    @property
    def start(self) -> datetime:
        """Whichever of the two is earlier."""
        return self.judged_to if self.held_from is None else min(self.judged_to, self.held_from)


async def lock(connection: Connection, instrument_ids: Iterable[int]) -> dict[int, Watermark]:
    """Lock the watermark rows, in id order, until the transaction ends."""
    cursor = await connection.execute(
        """SELECT instrument_id, judged_to, average_range, last_close FROM watermarks
           WHERE instrument_id = ANY(%s) ORDER BY instrument_id FOR NO KEY UPDATE""",
        [sorted(instrument_ids)],
    )
    return {row[0]: Watermark(*row[1:]) for row in await cursor.fetchall()}


async def move(connection: Connection, watermarks: Mapping[int, Watermark]) -> None:
    """Store moved watermarks; the rows are locked by this transaction."""
    ids = sorted(watermarks)
    await connection.execute(
        """UPDATE watermarks w SET judged_to = v.judged_to, average_range = v.average_range, last_close = v.last_close
           FROM unnest(%s::int[], %s::timestamptz[], %s::numeric[], %s::numeric[])
               AS v(instrument_id, judged_to, average_range, last_close)
           WHERE w.instrument_id = v.instrument_id""",
        [
            array(ids),
            array(watermarks[id_].judged_to for id_ in ids),
            array(watermarks[id_].average_range for id_ in ids),
            array(watermarks[id_].last_close for id_ in ids),
        ],
    )


async def skip_idle_to(connection: Connection, instrument_ids: Iterable[int], minute: datetime) -> None:
    """Jump the watermarks of instruments without a live trade forward to `minute`, without coverage.

    The rows stay locked, so no trade can appear meanwhile.
    """
    ids = sorted(instrument_ids)
    await lock(connection, ids)
    await connection.execute(
        """UPDATE watermarks w SET judged_to = %(minute)s WHERE instrument_id = ANY(%(ids)s) AND judged_to < %(minute)s
           AND NOT EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = w.instrument_id)""",
        {"ids": ids, "minute": minute},
    )


async def starts(connection: Connection, market: Market, symbols: Sequence[str]) -> list[Start]:
    """From where each instrument's path is needed; unknown symbols are left out."""
    cursor = await connection.execute(
        """SELECT w.instrument_id, i.symbol, w.judged_to, h.held_from, w.last_close,
               EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = i.id AND mark_lower IS NOT NULL)
               OR EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = i.id AND mark_upper IS NOT NULL)
           FROM watermarks w JOIN instruments i ON i.id = w.instrument_id
           LEFT JOIN LATERAL (SELECT min(held_from) AS held_from FROM live_triggers l
                              WHERE l.instrument_id = w.instrument_id AND held_from IS NOT NULL) h ON true
           WHERE i.market = %s AND i.symbol = ANY(%s) ORDER BY w.instrument_id""",
        [market, list(symbols)],
    )
    return [Start(*row) for row in await cursor.fetchall()]
