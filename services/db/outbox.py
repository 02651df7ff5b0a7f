"""Serving outlets: whose turn it is, taking events over from the streams, and what came of each attempt.

An outlet is leased by one worker at a time. Its cursors say how far each stream has been taken over into `deliveries`,
in the same transaction; a delivery waits there until an attempt has succeeded and that is written down. So whatever
dies, a message is sent again under the same id rather than lost.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from services.db.outlets import COLUMNS, Outlet, from_row
from services.db.pool import Connection
from services.db.user_streams import BEGIN, STREAMS

LEASE = timedelta(seconds=60)
"""Longer than any single attempt; each attempt written down renews it."""
WINDOW = 1000
"""So many deliveries of an outlet wait at most; what comes after them waits in the stream."""


class StreamEvent(msgspec.Struct, frozen=True):
    """An event as outlets take it over. `message_id` is the same for everyone and for ever."""

    message_id: str
    stream: str
    seq: int
    type: str
    action: str
    created_at: datetime
    payload: str


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message for one outlet. Nobody sends it after `expires_at`; `account_id` is set where mode must be live."""

    message_id: str
    stream: str
    seq: int
    type: str
    body: str
    account_id: int | None = None
    expires_at: datetime | None = None


class Due(msgspec.Struct, frozen=True):
    """A delivery whose time has come. `is_stale` if it is not worth sending any more."""

    id: int
    message_id: str
    type: str
    body: str
    attempts: int
    first_attempt_at: datetime | None
    account_id: int | None
    is_stale: bool


_LEASE = f"""
WITH due AS (
    SELECT o.id FROM outlets o JOIN users u ON u.id = o.user_id AND u.disabled_at IS NULL
    WHERE o.enabled AND o.retry_at <= now() AND o.leased_until <= now() AND o.id <> ALL(%(busy)s::bigint[])
      AND (EXISTS (SELECT FROM deliveries d WHERE d.outlet_id = o.id AND d.state = 'waiting'
                   AND d.next_attempt_at <= now())
        OR EXISTS (SELECT FROM ({STREAMS}) s LEFT JOIN consumers c ON c.outlet_id = o.id AND c.stream = s.stream
                   WHERE c.seq IS NULL OR s.head > c.seq))
    ORDER BY o.leased_until, o.id LIMIT %(limit)s FOR NO KEY UPDATE OF o SKIP LOCKED
)
UPDATE outlets o SET leased_until = now() + %(lease)s, lease = %(name)s FROM due WHERE o.id = due.id
RETURNING o.id
"""

# A stream that became the user's after the outlet was made is followed from then on, any other from where it stands.
_FOLLOW = f"""
WITH own AS MATERIALIZED (
    SELECT s.stream, s.head, s.since, o.created_at FROM outlets o CROSS JOIN LATERAL ({STREAMS}) s
    WHERE o.id = %(outlet)s
), left_behind AS (
    DELETE FROM consumers WHERE outlet_id = %(outlet)s AND stream NOT IN (SELECT stream FROM own)
)
INSERT INTO consumers (outlet_id, stream, seq)
SELECT %(outlet)s, stream, CASE WHEN since <= created_at THEN head ELSE {BEGIN} END
FROM own WHERE stream NOT IN (SELECT stream FROM consumers WHERE outlet_id = %(outlet)s)
ON CONFLICT DO NOTHING
"""

_READ = f"""
WITH behind AS MATERIALIZED (
    SELECT c.stream, c.seq FROM outlets o JOIN consumers c ON c.outlet_id = o.id
    JOIN LATERAL ({STREAMS}) s ON s.stream = c.stream AND s.head > c.seq WHERE o.id = %(outlet)s
)
SELECT 'evt_' || y.epoch || '_' || e.stream || '_' || e.seq, e.stream, e.seq, e.type, e.action, e.created_at,
    e.payload::text
FROM system y CROSS JOIN behind b CROSS JOIN LATERAL (
    SELECT stream, seq, type, action, created_at, payload FROM events
    WHERE stream = b.stream AND seq > b.seq ORDER BY seq LIMIT %(limit)s
) e ORDER BY e.created_at, e.stream, e.seq
"""


async def lease(connection: Connection, name: str, limit: int, busy: Sequence[int]) -> list[int]:
    """At most `limit` outlets that have something to do and are nobody's; they are `name`'s for LEASE now."""
    cursor = await connection.execute(_LEASE, {"name": name, "limit": limit, "lease": LEASE, "busy": list(busy)})
    return [int(id_) for (id_,) in await cursor.fetchall()]


async def held(connection: Connection, outlet_id: int, name: str) -> Outlet | None:
    """The outlet, locked, with its lease renewed; None if it is another's now, or it or its user is disabled."""
    cursor = await connection.execute(
        f"""UPDATE outlets o SET leased_until = now() + %s FROM users u
            WHERE o.id = %s AND o.lease = %s AND o.enabled AND o.retry_at <= now()
              AND u.id = o.user_id AND u.disabled_at IS NULL RETURNING {COLUMNS}""",
        [LEASE, outlet_id, name],
    )
    row = await cursor.fetchone()
    return None if row is None else from_row(row)


async def release(connection: Connection, outlet_id: int, name: str) -> None:
    """Give an outlet back, for whoever comes next."""
    await connection.execute(
        "UPDATE outlets SET leased_until = now(), lease = '' WHERE id = %s AND lease = %s", [outlet_id, name]
    )


async def follow(connection: Connection, outlet_id: int) -> None:
    """Give the outlet a cursor on each of its user's streams that it has none on yet."""
    await connection.execute(_FOLLOW, {"outlet": outlet_id})


async def read_on(connection: Connection, outlet_id: int, limit: int) -> list[StreamEvent]:
    """The next events of each stream after the outlet's cursors, oldest first, at most `limit` a stream.

    None while as many deliveries wait as may.
    """
    cursor = await connection.execute(
        "SELECT count(*) FROM (SELECT FROM deliveries WHERE outlet_id = %s AND state = 'waiting' LIMIT %s) w",
        [outlet_id, WINDOW],
    )
    row = await cursor.fetchone()
    assert row is not None
    if row[0] >= WINDOW:
        return []
    cursor = await connection.execute(_READ, {"outlet": outlet_id, "limit": limit})
    return [StreamEvent(*found) for found in await cursor.fetchall()]


async def take_over(
    connection: Connection, outlet_id: int, read: Sequence[StreamEvent], wanted: Sequence[NewDelivery]
) -> None:
    """Keep what is `wanted` of the events read for delivery, and move the cursors past them."""
    if wanted:
        await add(connection, outlet_id, wanted)
    last = {event.stream: event.seq for event in read}
    await connection.execute(
        """UPDATE consumers c SET seq = greatest(c.seq, n.seq) FROM unnest(%s::text[], %s::bigint[]) AS n(stream, seq)
           WHERE c.outlet_id = %s AND c.stream = n.stream""",
        [list(last), list(last.values()), outlet_id],
    )


async def add(connection: Connection, outlet_id: int, deliveries: Sequence[NewDelivery]) -> int:
    """Have messages delivered; one that was there already is delivered again. How many there are."""
    kept = await connection.execute(
        """INSERT INTO deliveries AS d (outlet_id, message_id, stream, seq, type, body, account_id, expires_at)
           SELECT %s, * FROM json_to_recordset(%s::json) AS n(message_id text, stream text, seq bigint, type text,
               body text, account_id bigint, expires_at timestamptz)
           ON CONFLICT (outlet_id, message_id) DO UPDATE SET state = 'waiting', attempts = 0, body = excluded.body,
               first_attempt_at = NULL, next_attempt_at = now(), error = '', expires_at = excluded.expires_at""",
        [outlet_id, msgspec.json.encode(deliveries).decode()],
    )
    return kept.rowcount


async def due(connection: Connection, outlet_id: int, limit: int) -> list[Due]:
    """The outlet's oldest deliveries whose time has come, in order."""
    cursor = await connection.execute(
        """SELECT id, message_id, type, body, attempts, first_attempt_at, account_id,
               coalesce(expires_at <= now(), false)
               OR (account_id IS NOT NULL AND NOT EXISTS (SELECT FROM account_modes m
                   WHERE m.account_id = d.account_id AND m.outlet_id = d.outlet_id AND m.live_until > now()))
           FROM deliveries d WHERE outlet_id = %s AND state = 'waiting' AND next_attempt_at <= now()
           ORDER BY id LIMIT %s""",
        [outlet_id, limit],
    )
    return [Due(*row) for row in await cursor.fetchall()]
