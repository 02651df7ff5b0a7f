"""The event streams that concern a user: those of their accounts, of their sources, and of the sources they follow."""

from collections.abc import Iterable, Sequence

from services.db.pool import Connection

STREAMS = """
SELECT 'a' || a.id AS stream, a.event_seq AS head, a.created_at AS since FROM accounts a WHERE a.user_id = o.user_id
UNION ALL
SELECT 's' || s.id, s.event_seq, CASE WHEN s.user_id = o.user_id THEN s.created_at ELSE f.since END
FROM sources s LEFT JOIN (
    SELECT f.source_id, min(f.created_at) AS since FROM follows f JOIN accounts a ON a.id = f.account_id
    WHERE a.user_id = o.user_id GROUP BY f.source_id
) f ON f.source_id = s.id WHERE s.user_id = o.user_id OR f.source_id IS NOT NULL
UNION ALL
SELECT name, event_seq, '-infinity' FROM streams WHERE name = 'market'
"""
"""The streams of user `o.user_id`, with their heads, and since when they are the user's."""

BEGIN = "own.head - (SELECT count(*) FROM events e WHERE e.stream = own.stream AND e.created_at >= own.since)"
"""The place in stream `own`, a row of STREAMS, at which it became the user's, as far as events are kept."""


async def begins(connection: Connection, user_id: int, streams: Iterable[str]) -> dict[str, int]:
    """Of these streams those that concern the user, each with the last sequence number before it did."""
    cursor = await connection.execute(
        f"""SELECT own.stream, {BEGIN} FROM (SELECT %s::bigint AS user_id) o CROSS JOIN LATERAL ({STREAMS}) own
            WHERE own.stream = ANY(%s::text[])""",
        [user_id, list(streams)],
    )
    return dict(await cursor.fetchall())


async def sources(connection: Connection, user_ids: Sequence[int], limit: int) -> dict[int, list[int]]:
    """By user, the ids of their own sources and of those their accounts follow: the `limit` newest, newest first."""
    cursor = await connection.execute(
        """SELECT u.id, array_agg(c.id ORDER BY c.id DESC) FROM unnest(%s::bigint[]) AS u(id) CROSS JOIN LATERAL (
               SELECT s.id FROM sources s WHERE s.user_id = u.id
               UNION
               SELECT f.source_id FROM follows f JOIN accounts a ON a.id = f.account_id WHERE a.user_id = u.id
               ORDER BY id DESC LIMIT %s
           ) c GROUP BY u.id""",
        [list(user_ids), limit],
    )
    return dict(await cursor.fetchall())
