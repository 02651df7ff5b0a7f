"""Deliveries as their owner sees them: pages, and having some sent again or forgotten."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from psycopg.rows import class_row

from services.db.outbox import StreamEvent
from services.db.pool import Connection


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one outlet. `message_id` is what receivers see as webhook-id, the same at every attempt."""

    id: int
    message_id: str
    stream: str
    sequence: int
    type: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    first_attempt_at: datetime | None
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    expires_at: datetime | None
    status_code: int | None
    error: str
    milliseconds: int | None


async def page(
    connection: Connection, outlet_id: int, state: DeliveryState | None, limit: int, before: int | None
) -> list[Delivery]:
    """At most `limit` deliveries older than `before`, newest first."""
    async with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        await cursor.execute(
            """SELECT id, message_id, stream, seq AS sequence, type, state, attempts, created_at, first_attempt_at,
                   last_attempt_at, CASE state WHEN 'waiting' THEN next_attempt_at END AS next_attempt_at, expires_at,
                   status_code, error, milliseconds
               FROM deliveries WHERE outlet_id = %(outlet)s AND id < coalesce(%(before)s::bigint, 9223372036854775807)
                   AND state = ANY(%(states)s::text[])
               ORDER BY id DESC LIMIT %(limit)s""",
            {
                "outlet": outlet_id,
                "before": before,
                "states": [state] if state else list(DeliveryState),
                "limit": limit,
            },
        )
        return await cursor.fetchall()


async def revive(connection: Connection, outlet_id: int, ids: Sequence[int] | None) -> int:
    """Have dead letters tried again (all of them if `ids` is None), under their old ids; how many there were."""
    revived = await connection.execute(
        """UPDATE deliveries SET state = 'waiting', attempts = 0, first_attempt_at = NULL, next_attempt_at = now(),
               error = ''
           WHERE outlet_id = %(outlet)s AND state = 'dead' AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))""",
        {"outlet": outlet_id, "ids": None if ids is None else list(ids)},
    )
    return revived.rowcount


async def drop(connection: Connection, outlet_id: int, ids: Sequence[int] | None) -> list[str]:
    """Forget what waits or is dead among `ids`; all that is dead if that is None. The message ids, oldest first."""
    dropped = await connection.execute(
        """DELETE FROM deliveries WHERE outlet_id = %(outlet)s AND state = ANY(%(states)s::text[])
           AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s)) RETURNING id, message_id""",
        {
            "outlet": outlet_id,
            "states": ["dead"] if ids is None else ["dead", "waiting"],
            "ids": None if ids is None else list(ids),
        },
    )
    return [message_id for _, message_id in sorted(await dropped.fetchall())]


_EVENT = """
SELECT 'evt_' || (SELECT epoch FROM system) || '_' || e.stream || '_' || e.seq, e.stream, e.seq, e.type, e.action,
    e.created_at, e.payload::text
"""


async def delivered_events(connection: Connection, outlet_id: int, ids: Sequence[int]) -> list[StreamEvent]:
    """The events of these delivered messages, as far as they are kept. Hand-overs of signals are not among them."""
    cursor = await connection.execute(
        f"""{_EVENT} FROM deliveries d JOIN events e ON e.stream = d.stream AND e.seq = d.seq
            WHERE d.outlet_id = %s AND d.id = ANY(%s::bigint[]) AND d.state = 'delivered' AND d.account_id IS NULL
            ORDER BY d.id""",
        [outlet_id, list(ids)],
    )
    return [StreamEvent(*row) for row in await cursor.fetchall()]


async def events_between(
    connection: Connection, outlet_id: int, stream: str, first: int, last: int
) -> list[StreamEvent]:
    """The events `first` to `last` of a stream that the outlet follows and has taken over, as far as they are kept."""
    cursor = await connection.execute(
        f"""{_EVENT} FROM consumers c JOIN events e ON e.stream = c.stream AND e.seq BETWEEN %s AND least(%s, c.seq)
            WHERE c.outlet_id = %s AND c.stream = %s ORDER BY e.seq""",
        [first, last, outlet_id, stream],
    )
    return [StreamEvent(*row) for row in await cursor.fetchall()]
