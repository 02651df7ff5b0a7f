"""The event streams as readers see them: heads, what is kept, and the rows after a cursor."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from services.db.pool import Connection

Cursors = Mapping[str, int]
"""By stream, the last sequence number that a reader has."""


class Event(NamedTuple):
    """One event. `payload` is the whole data object as JSON text."""

    stream: str
    seq: int
    type: str
    payload: str


class Page(msgspec.Struct, frozen=True):
    """What a read found in one snapshot. `heads` are the last sequence numbers of the streams asked for."""

    epoch: str
    heads: dict[str, int]
    events: list[Event]


_HEADS = """
SELECT 'a' || id AS stream, event_seq AS head FROM accounts WHERE id = ANY(%(accounts)s::bigint[])
UNION ALL
SELECT 's' || id, event_seq FROM sources WHERE id = ANY(%(sources)s::bigint[])
UNION ALL
SELECT name, event_seq FROM streams WHERE name = ANY(%(streams)s::text[])
"""

# The head is compared first: a stream that has not grown costs one row, not a look into every partition.
_READ = f"""
WITH wanted AS MATERIALIZED (
    SELECT h.stream, h.head, c.seq AS after
    FROM ({_HEADS}) h JOIN unnest(%(streams)s::text[], %(after)s::bigint[]) AS c(stream, seq) USING (stream)
)
SELECT s.epoch, w.stream, w.head, e.seq, e.type, e.payload::text
FROM system s CROSS JOIN wanted w LEFT JOIN LATERAL (
    SELECT seq, type, payload FROM events
    WHERE w.head > w.after AND stream = w.stream AND seq > w.after ORDER BY seq LIMIT %(limit)s
) e ON true
ORDER BY w.stream, e.seq
"""


async def read(connection: Connection, after: Cursors, limit: int) -> Page:
    """At most `limit` events of each stream after its cursor, in order, all in one snapshot."""
    parameters = {"after": list(after.values()), "limit": limit, **_streams(after)}
    cursor = await connection.execute(_READ, parameters)
    epoch, heads, events = "", {}, []
    for epoch_, stream, head, seq, type_, payload in await cursor.fetchall():
        epoch, heads[stream] = epoch_, head
        if seq is not None:
            events.append(Event(stream, seq, type_, payload))
    return Page(epoch, heads, events)


async def oldest(connection: Connection, streams: list[str]) -> dict[str, int]:
    """By stream, the cursor that lies before everything that is kept."""
    cursor = await connection.execute(
        f"""SELECT h.stream, coalesce(e.first - 1, h.head) FROM ({_HEADS}) h
            LEFT JOIN LATERAL (SELECT min(seq) AS first FROM events WHERE stream = h.stream) e ON true""",
        _streams(dict.fromkeys(streams, 0)),
    )
    return dict(await cursor.fetchall())


def _streams(after: Cursors) -> dict[str, list[str] | list[int]]:
    return {"streams": list(after), "accounts": _ids(after, "a"), "sources": _ids(after, "s")}


def _ids(after: Cursors, kind: str) -> list[int]:
    """The ids in the names of streams of a kind: `a` are accounts, `s` sources of signals."""
    return [int(name[1:]) for name in after if name[:1] == kind and name[1:].isdigit()]
