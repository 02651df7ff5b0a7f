"""The audit log: who changed what, from what to what. Its rows are written by triggers, in the changing transaction."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import class_row

from services.db.pool import Connection


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `before` and `after` hold the columns that differ, secrets masked; a new row has no `before`.

    `via` names the credential; `user_id` is null where nobody was identified (a refused login). `subject` is the table.
    """

    id: int
    at: datetime
    user_id: int | None
    via: str
    address: str
    action: str
    subject: str
    subject_id: str
    account_id: int | None
    before: Any
    after: Any


async def page(
    connection: Connection, limit: int, before: int | None, user_id: int | None, subject: str | None
) -> list[AuditEntry]:
    """At most `limit` entries, newest first, older than the id `before`; of one user or about one table only."""
    async with connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        await cursor.execute(
            """SELECT id, at, user_id, via, address, action, subject, subject_id, account_id, before, after
               FROM audit_log WHERE id < coalesce(%(before)s::bigint, 9223372036854775807)
                 AND (%(user)s::bigint IS NULL OR user_id = %(user)s)
                 AND (%(subject)s::text IS NULL OR subject = %(subject)s)
               ORDER BY id DESC LIMIT %(limit)s""",
            {"before": before, "user": user_id, "subject": subject, "limit": limit},
        )
        return await cursor.fetchall()


async def note(connection: Connection, action: str, subject: str, subject_id: str, via: str, address: str) -> None:
    """Write down what changed no row: a login that was refused."""
    await connection.execute(
        "INSERT INTO audit_log (via, address, action, subject, subject_id) VALUES (%s, %s, %s, %s, %s)",
        [via, address, action, subject, subject_id],
    )
