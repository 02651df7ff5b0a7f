"""The stream `market`: instrument changes and operator notices. Never written by evaluation or intake."""

from collections.abc import Mapping, Sequence

import msgspec

from services.db.pool import Connection

STREAM = "market"


async def append(connection: Connection, events: Sequence[tuple[str, str, Mapping[str, object]]]) -> None:
    """Append (type, action, payload) events, in order, in the caller's transaction."""
    if not events:
        return
    rows = [
        {"n": number, "type": type_, "action": action, "payload": {"type": type_, "action": action, **payload}}
        for number, (type_, action, payload) in enumerate(events, 1)
    ]
    await connection.execute(
        """WITH moved AS (
               UPDATE streams SET event_seq = event_seq + %s WHERE name = %s RETURNING event_seq - %s AS base
           )
           INSERT INTO events (stream, seq, created_at, type, action, payload)
           SELECT %s, moved.base + e.n, clock_timestamp(), e.type, e.action, e.payload FROM moved,
               json_to_recordset(%s::json) AS e(n int, type text, action text, payload json)""",
        [len(rows), STREAM, len(rows), STREAM, msgspec.json.encode(rows).decode()],
    )
