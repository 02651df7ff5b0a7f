"""When the last backup was made and how large it is, kept for those who ask later."""

from datetime import datetime

import msgspec

from services.db.pool import Connection


class LastBackup(msgspec.Struct, frozen=True):
    """The last backup that `paperfleet backup` made. Others, such as those of a managed database, are not known.

    made_at      the moment that it holds; in a database that was restored the moment that it goes back to
    age_seconds  how long ago that is, on the database's clock
    size_bytes   how large its file is
    """

    made_at: datetime
    age_seconds: float
    size_bytes: int


async def keep(connection: Connection, made_at: datetime, size_bytes: int) -> None:
    """Keep of which moment a backup is and how large, unless that of a later moment is kept."""
    await connection.execute(
        """UPDATE system SET backed_up_at = %(at)s, backup_bytes = %(bytes)s
           WHERE backed_up_at IS NULL OR backed_up_at < %(at)s""",
        {"at": made_at, "bytes": size_bytes},
    )


async def read(connection: Connection) -> LastBackup | None:
    """The last one; None where there never was one."""
    cursor = await connection.execute(
        """SELECT backed_up_at, round(extract(epoch FROM clock_timestamp() - backed_up_at), 3)::float8, backup_bytes
           FROM system WHERE backed_up_at IS NOT NULL"""
    )
    row = await cursor.fetchone()
    return None if row is None else LastBackup(*row)
