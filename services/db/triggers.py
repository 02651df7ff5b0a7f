"""The search for trades that a price path may change, over the narrow table of live triggers.

Each path costs a few index descents whatever the number of live trades. The planner's estimates for these ranges
are useless (they are empty most of the time) and bitmap scans never mark dead entries, so the search forbids
everything but plain index scans, for its own transaction only.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from services.db.arrays import array
from services.db.pool import Connection


class Span(msgspec.Struct, frozen=True):
    """The range one instrument's path traded in, that of its mark price, and when it ends; None where it is empty."""

    instrument_id: int
    low: Decimal | None
    high: Decimal | None
    until: datetime
    mark_low: Decimal | None = None
    mark_high: Decimal | None = None


class Touch(NamedTuple):
    """A live trade and its barrier that a price has reached."""

    instrument_id: int
    trade_id: int
    level: Decimal


async def plan_for_probes(connection: Connection) -> None:
    """Restrict this transaction's planner to plain index scans."""
    await connection.execute(PLAN_SETTINGS, ["off"])


async def plan_normally(connection: Connection) -> None:
    """Give this transaction's planner everything back."""
    await connection.execute(PLAN_SETTINGS, ["on"])


PLAN_SETTINGS = """
SELECT set_config(name, %s, true) FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin',
    'enable_bitmapscan', 'enable_material', 'enable_sort']) AS name
"""

PROBE = """
SELECT c.trade_id
FROM unnest(%s::int[], %s::numeric[], %s::numeric[], %s::timestamptz[], %s::numeric[], %s::numeric[])
    AS p(instrument_id, low, high, until, mark_low, mark_high)
CROSS JOIN LATERAL (
    SELECT trade_id FROM live_triggers l WHERE l.instrument_id = p.instrument_id AND l.lower >= p.low
    UNION ALL
    SELECT trade_id FROM live_triggers l WHERE l.instrument_id = p.instrument_id AND l.upper <= p.high
    UNION ALL
    SELECT trade_id FROM live_triggers l WHERE l.instrument_id = p.instrument_id AND l.next_event_at <= p.until
    UNION ALL
    SELECT trade_id FROM live_triggers l WHERE l.instrument_id = p.instrument_id AND l.mark_lower >= p.mark_low
    UNION ALL
    SELECT trade_id FROM live_triggers l WHERE l.instrument_id = p.instrument_id AND l.mark_upper <= p.mark_high
    UNION ALL
    SELECT trade_id FROM live_triggers l WHERE l.instrument_id = p.instrument_id AND l.held_from IS NOT NULL
) c
"""

TOUCHED = """
SELECT p.instrument_id, c.trade_id, c.level
FROM unnest(%s::int[], %s::numeric[]) AS p(instrument_id, price)
CROSS JOIN LATERAL (
    (SELECT trade_id, lower AS level FROM live_triggers l WHERE l.instrument_id = p.instrument_id
        AND l.lower >= p.price AND l.held_from IS NULL ORDER BY l.lower LIMIT 1)
    UNION ALL
    (SELECT trade_id, upper FROM live_triggers l WHERE l.instrument_id = p.instrument_id
        AND l.upper <= p.price AND l.held_from IS NULL ORDER BY l.upper DESC LIMIT 1)
) c
"""


LIQUIDABLE = """
SELECT p.instrument_id FROM unnest(%s::int[], %s::timestamptz[]) AS p(instrument_id, until)
WHERE EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = p.instrument_id AND l.mark_lower IS NOT NULL
                AND l.active_from < p.until)
   OR EXISTS (SELECT FROM live_triggers l WHERE l.instrument_id = p.instrument_id AND l.mark_upper IS NOT NULL
                AND l.active_from < p.until)
"""


async def candidates(connection: Connection, spans: Sequence[Span]) -> list[int]:
    """Ids, ascending, of the live trades that these paths may change: touched, due, or held."""
    cursor = await connection.execute(
        PROBE,
        [
            array(span.instrument_id for span in spans),
            array(span.low for span in spans),
            array(span.high for span in spans),
            array(span.until for span in spans),
            array(span.mark_low for span in spans),
            array(span.mark_high for span in spans),
        ],
    )
    return sorted({row[0] for row in await cursor.fetchall()})


async def liquidable(connection: Connection, until: Mapping[int, datetime]) -> set[int]:
    """Which of these instruments have a live trade that the mark price could have liquidated before `until`."""
    cursor = await connection.execute(LIQUIDABLE, [array(until), array(until.values())])
    return {row[0] for row in await cursor.fetchall()}


async def touched(connection: Connection, prices: Mapping[int, Decimal]) -> list[Touch]:
    """The live trades whose barrier lies at or beyond their instrument's price: on each side, the nearest to it.

    That is the one a moving price has touched last, so a touch that was not there before shows, at the cost of a probe.
    """
    cursor = await connection.execute(TOUCHED, [array(prices), array(prices.values())])
    return [Touch(*row) for row in await cursor.fetchall()]
