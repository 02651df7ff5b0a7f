"""Minutes inside which the exchange definitively keeps nothing that decides: a stored fact per instrument.

Of some it is only doubted yet: they were answered with nonsense, since a time, and never well after it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.db.pool import Connection

Minute = tuple[int, datetime]
"""An instrument's id and a minute."""


class Doubt(NamedTuple):
    """Nothing but nonsense since this exchange time, so many times."""

    since: datetime
    answers: int


async def known(connection: Connection, minutes: Sequence[Minute]) -> dict[Minute, Doubt | None]:
    """The gaps among these minutes, by None; and those that are doubted, by their doubt."""
    cursor = await connection.execute(
        """SELECT g.instrument_id, g.minute, g.doubted_since, g.doubts FROM finer_gaps g
           JOIN unnest(%s::int[], %s::timestamptz[]) AS m(instrument_id, minute) USING (instrument_id, minute)""",
        [[id_ for id_, _ in minutes], [minute for _, minute in minutes]],
    )
    return {(row[0], row[1]): row[2] and Doubt(row[2], row[3]) for row in await cursor.fetchall()}


async def note(connection: Connection, minutes: Sequence[Minute]) -> None:
    """Remember gaps."""
    await connection.execute(
        """INSERT INTO finer_gaps (instrument_id, minute) SELECT * FROM unnest(%s::int[], %s::timestamptz[])
           ON CONFLICT (instrument_id, minute) DO UPDATE SET doubted_since = NULL""",
        [[id_ for id_, _ in minutes], [minute for _, minute in minutes]],
    )


async def doubt(connection: Connection, minutes: Mapping[Minute, datetime]) -> None:
    """Remember one more answer of nonsense about each minute, at its exchange time; an earlier time stays."""
    await connection.execute(
        """INSERT INTO finer_gaps (instrument_id, minute, doubted_since)
           SELECT * FROM unnest(%s::int[], %s::timestamptz[], %s::timestamptz[])
           ON CONFLICT (instrument_id, minute) DO UPDATE SET doubts = finer_gaps.doubts + 1""",
        [[id_ for id_, _ in minutes], [minute for _, minute in minutes], list(minutes.values())],
    )


async def trust(connection: Connection, minutes: Sequence[Minute]) -> None:
    """Forget doubts: the minutes were answered after all."""
    await connection.execute(
        """DELETE FROM finer_gaps g USING unnest(%s::int[], %s::timestamptz[]) AS m(instrument_id, minute)
           WHERE (g.instrument_id, g.minute) = (m.instrument_id, m.minute) AND g.doubted_since IS NOT NULL""",
        [[id_ for id_, _ in minutes], [minute for _, minute in minutes]],
    )
