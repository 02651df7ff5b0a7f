"""What the database server says of itself: version, connections, size."""

import msgspec

from services.db.pool import Connection


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    """PostgreSQL now. `connections` of all databases of the server, out of `connections_max`; size of ours in bytes,
    out of `budget_bytes` (PAPERFLEET_DISK_BUDGET_GIB).

    oldest_transaction_seconds is how long the oldest open transaction has run: a long one holds vacuum back.
    """

    version: str
    connections: int
    connections_max: int
    size_bytes: int
    budget_bytes: int
    oldest_transaction_seconds: float


async def state(connection: Connection, budget_bytes: int) -> ServerState:
    """The server now, beside what the settings grant it."""
    cursor = await connection.execute(
        """SELECT current_setting('server_version'), count(*) FILTER (WHERE backend_type = 'client backend'),
                  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
                  pg_database_size(current_database()),
                  coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)
                      FILTER (WHERE backend_type = 'client backend')), 0)::float8
           FROM pg_stat_activity"""
    )
    row = await cursor.fetchone()
    assert row is not None
    version, used, most, size, oldest = row
    return ServerState(
        version=version,
        connections=used,
        connections_max=most,
        size_bytes=size,
        budget_bytes=budget_bytes,
        oldest_transaction_seconds=round(oldest, 3),
    )
