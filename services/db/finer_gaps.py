"""Minutes inside which the exchange definitively keeps nothing that decides: a stored fact per instrument."""

from collections.abc import Sequence
from datetime import datetime

from services.db.pool import Connection

Minute = tuple[int, datetime]
"""An instrument's id and a minute."""


async def known(connection: Connection, minutes: Sequence[Minute]) -> set[Minute]:
    """Which of these minutes are known gaps."""
    cursor = await connection.execute(
        """SELECT g.instrument_id, g.minute FROM finer_gaps g
           JOIN unnest(%s::int[], %s::timestamptz[]) AS m(instrument_id, minute) USING (instrument_id, minute)""",
        [[id_ for id_, _ in minutes], [minute for _, minute in minutes]],
    )
    return {(row[0], row[1]) for row in await cursor.fetchall()}


async def note(connection: Connection, minutes: Sequence[Minute]) -> None:
    """Remember gaps."""
    await connection.execute(
        """INSERT INTO finer_gaps (instrument_id, minute) SELECT * FROM unnest(%s::int[], %s::timestamptz[])
           ON CONFLICT DO NOTHING""",
        [[id_ for id_, _ in minutes], [minute for _, minute in minutes]],
    )
