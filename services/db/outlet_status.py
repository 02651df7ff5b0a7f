"""How outgoing webhooks and notifications are doing, over everybody's: for the metrics and the doctor."""

import msgspec

from services.db.outlets import OutletKind
from services.db.pool import Connection


class OutletStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The outlets of a kind, their deliveries, and what came of all attempts of those that still exist.

    disabled are those that their owners have switched off, and those of disabled users; switched_off those that the
    fleet has. backlog_seconds is the age of the oldest message that waits for an outlet that is switched on; 0 if none
    does.
    """

    kind: OutletKind
    working: int
    failing: int
    disabled: int
    switched_off: int
    waiting: int
    dead: int
    backlog_seconds: float
    delivered_total: int
    failed_total: int
    dead_total: int


_STATUS = """
SELECT k.kind, count(o.id) FILTER (WHERE o.served AND o.failing_since IS NULL),
    count(o.id) FILTER (WHERE o.served AND o.failing_since IS NOT NULL),
    count(o.id) FILTER (WHERE NOT o.served AND NOT o.switched_off), count(o.id) FILTER (WHERE o.switched_off),
    coalesce(sum(d.waiting), 0)::bigint, coalesce(sum(d.dead), 0)::bigint,
    coalesce(extract(epoch FROM now() - min(d.oldest) FILTER (WHERE o.served)), 0)::float8,
    coalesce(sum(o.delivered_total), 0)::bigint, coalesce(sum(o.failed_total), 0)::bigint,
    coalesce(sum(o.dead_total), 0)::bigint
FROM (VALUES ('webhook'), ('notification')) AS k(kind) LEFT JOIN (
    SELECT o.*, o.enabled AND u.disabled_at IS NULL AS served,
        NOT o.enabled AND o.disabled_reason <> '' AND u.disabled_at IS NULL AS switched_off
    FROM outlets o JOIN users u ON u.id = o.user_id
) o ON o.kind = k.kind LEFT JOIN (
    SELECT outlet_id, count(*) FILTER (WHERE state = 'waiting') AS waiting,
        count(*) FILTER (WHERE state = 'dead') AS dead, min(created_at) FILTER (WHERE state = 'waiting') AS oldest
    FROM deliveries WHERE state IN ('waiting', 'dead') GROUP BY outlet_id
) d ON d.outlet_id = o.id GROUP BY k.kind
"""


async def status(connection: Connection) -> list[OutletStatus]:
    """One row a kind."""
    cursor = await connection.execute(_STATUS)
    return [
        msgspec.convert(dict(zip(OutletStatus.__struct_fields__, row, strict=True)), OutletStatus)
        for row in await cursor.fetchall()
    ]
