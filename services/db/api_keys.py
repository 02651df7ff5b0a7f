"""API keys as their users see them. The secret itself is nowhere."""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from psycopg.rows import class_row

from services.db import caps
from services.db.pool import Connection
from services.domain.credentials import Scope


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key. `key_id` is its readable part; `last_used_at` is coarse, to the minute at best."""

    id: int
    key_id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


_SELECT = "SELECT id, key_id, name, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_keys"


async def page(connection: Connection, user_id: int, limit: int, before: int | None) -> list[ApiKey]:
    """At most `limit` of the user's keys, newest first, older than the id `before`."""
    async with connection.cursor(row_factory=class_row(ApiKey)) as cursor:
        await cursor.execute(
            f"""{_SELECT} WHERE user_id = %s AND id < coalesce(%s::bigint, 9223372036854775807)
                ORDER BY id DESC LIMIT %s""",
            [user_id, before, limit],
        )
        return await cursor.fetchall()


async def load(connection: Connection, user_id: int, id_: int) -> ApiKey | None:
    """The user's key with this id, locked."""
    async with connection.cursor(row_factory=class_row(ApiKey)) as cursor:
        await cursor.execute(f"{_SELECT} WHERE user_id = %s AND id = %s FOR NO KEY UPDATE", [user_id, id_])
        return await cursor.fetchone()


async def count(connection: Connection, user_id: int) -> int:
    """How many keys of the user hold; others who would add one wait until this transaction ends."""
    query = """SELECT count(*) FROM api_keys WHERE user_id = %s AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > now())"""
    return await caps.count(connection, user_id, query, [user_id])


async def create(
    connection: Connection,
    user_id: int,
    key_id: str,
    secret_hash: bytes,
    *,
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime | None,
) -> ApiKey:
    """A new key."""
    async with connection.cursor(row_factory=class_row(ApiKey)) as cursor:
        await cursor.execute(
            """INSERT INTO api_keys (user_id, key_id, secret_hash, name, scopes, expires_at)
               VALUES (%s, %s, %s, %s, %s, %s)
               RETURNING id, key_id, name, scopes, created_at, expires_at, last_used_at, revoked_at""",
            [user_id, key_id, secret_hash, name, [str(scope) for scope in sorted(scopes)], expires_at],
        )
        made = await cursor.fetchone()
    assert made is not None
    return made


async def revoke(connection: Connection, user_id: int, id_: int) -> bool:
    """The key holds no longer; False if the user has none such."""
    cursor = await connection.execute(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE user_id = %s AND id = %s", [user_id, id_]
    )
    return cursor.rowcount == 1


async def lifetime(connection: Connection, id_: int) -> timedelta | None:
    """For how long the key was made, whatever a rotation has left of that; None if without end."""
    cursor = await connection.execute(
        """SELECT nullif(coalesce(was_to_expire_at, expires_at, 'infinity'), 'infinity') - created_at
           FROM api_keys WHERE id = %s""",
        [id_],
    )
    row = await cursor.fetchone()
    assert row is not None
    made_for: timedelta | None = row[0]
    return made_for


async def replace(connection: Connection, id_: int, seconds: int) -> None:
    """The key holds that much longer at most; what it was made for stays known."""
    await connection.execute(
        """UPDATE api_keys SET was_to_expire_at = coalesce(was_to_expire_at, expires_at, 'infinity'),
               expires_at = least(coalesce(expires_at, 'infinity'), now() + make_interval(secs => %s))
           WHERE id = %s""",
        [seconds, id_],
    )


async def used(connection: Connection, via: str) -> None:
    """Note that the key is in use, at most once a minute."""
    await connection.execute(
        """UPDATE api_keys SET last_used_at = date_trunc('minute', now())
           WHERE id = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')""",
        [int(via.split()[1])],
    )
