"""The audit log: who changed what, from what to what.

Triggers write it, in the changing transaction; what changes no row that they watch is noted.
"""

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

from services.db import acting
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


async def note(
    connection: Connection, action: str, subject: str, subject_id: str, *, before: object = None, after: object = None
) -> None:
    """Write down what no trigger sees: a login that was refused, messages sent again, what was done in Redis.

    In the name of whoever this task acts for. `before` and `after` hold no secrets: nothing is masked here.
    """
    await acting.tell(connection)
    await connection.execute(
        "SELECT audit_note(%s, %s, %s, NULL, %s::jsonb, %s::jsonb)",
        [action, subject, subject_id, _json(before), _json(after)],
    )


async def note_apart(url: str, action: str, subject: str, *, before: object, after: object) -> None:
    """`note` in a transaction of its own, for what is done to the schema or to a whole database."""
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=5, application_name="paperfleet") as apart:
        await note(apart, action, subject, "", before=before, after=after)


def _json(value: object) -> str | None:
    """The value as jsonb takes it, which has no NUL."""
    return None if value is None else msgspec.json.encode(value).decode().replace("\\u0000", "\\ufffd")
