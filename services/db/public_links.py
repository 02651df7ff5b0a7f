"""Public links: whoever holds one may read one account's performance, and nothing else."""

from datetime import datetime

import msgspec
from psycopg.rows import class_row

from services.db import caps
from services.db.pool import Connection


class PublicLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link. Its token is nowhere; it holds until it expires or is revoked."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


_COLUMNS = "id, name, created_at, expires_at, revoked_at"


async def page(connection: Connection, account_id: int, limit: int, before: int | None) -> list[PublicLink]:
    """At most `limit` of the account's links, newest first, older than the id `before`."""
    async with connection.cursor(row_factory=class_row(PublicLink)) as cursor:
        await cursor.execute(
            f"""SELECT {_COLUMNS} FROM public_links
                WHERE account_id = %s AND id < coalesce(%s::bigint, 9223372036854775807) ORDER BY id DESC LIMIT %s""",
            [account_id, before, limit],
        )
        return await cursor.fetchall()


async def count(connection: Connection, user_id: int) -> int:
    """How many links to the user's accounts hold; others who would add one wait until this transaction ends."""
    query = """SELECT count(*) FROM public_links l JOIN accounts a ON a.id = l.account_id WHERE a.user_id = %s
        AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > now())"""
    return await caps.count(connection, user_id, query, [user_id])


async def create(
    connection: Connection, account_id: int, token_hash: bytes, name: str, expires_at: datetime | None
) -> PublicLink:
    """A new link."""
    async with connection.cursor(row_factory=class_row(PublicLink)) as cursor:
        await cursor.execute(
            f"""INSERT INTO public_links (account_id, token_hash, name, expires_at) VALUES (%s, %s, %s, %s)
                RETURNING {_COLUMNS}""",
            [account_id, token_hash, name, expires_at],
        )
        made = await cursor.fetchone()
    assert made is not None
    return made


async def revoke(connection: Connection, account_id: int, id_: int) -> bool:
    """The link holds no longer; False if the account has none such."""
    cursor = await connection.execute(
        "UPDATE public_links SET revoked_at = coalesce(revoked_at, now()) WHERE account_id = %s AND id = %s",
        [account_id, id_],
    )
    return cursor.rowcount == 1


async def account_of(connection: Connection, token_hash: bytes) -> tuple[int, str] | None:
    """Id and name of the account that a link shows; None if the link does not hold, or its user is disabled."""
    cursor = await connection.execute(
        """SELECT a.id, a.name FROM public_links l
           JOIN accounts a ON a.id = l.account_id JOIN users u ON u.id = a.user_id
           WHERE l.token_hash = %s AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > now())
             AND u.disabled_at IS NULL""",
        [token_hash],
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1])
