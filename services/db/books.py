"""The outcome of the last reconciliation, kept for those who ask later."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from services.db.pool import Connection


class Books(msgspec.Struct, frozen=True):
    """What the last reconciliation found.

    reconciled_at  as of when all rows were compared, on the database's clock; null: never
    age_seconds    how long ago that is
    differences    the rows that differ, by check, at most 20 each; empty when the books are in order
    """

    reconciled_at: datetime | None
    age_seconds: float | None
    differences: dict[str, list[str]]


async def keep(connection: Connection, at: datetime, differences: Mapping[str, Sequence[str]]) -> None:
    """Keep what was found as of `at`, unless something newer is kept."""
    await connection.execute(
        """UPDATE system SET reconciled_at = %(at)s, differences = %(found)s
           WHERE reconciled_at IS NULL OR reconciled_at < %(at)s""",
        {"at": at, "found": msgspec.json.encode(differences).decode()},
    )


async def last(connection: Connection) -> Books:
    """What was found last."""
    cursor = await connection.execute(
        """SELECT reconciled_at, round(extract(epoch FROM clock_timestamp() - reconciled_at), 3)::float8, differences
           FROM system"""
    )
    row = await cursor.fetchone()
    assert row is not None
    return Books(*row)
