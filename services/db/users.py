"""Users and invitations."""

from datetime import datetime

import msgspec
from psycopg.rows import class_row

from services.db.pool import Connection
from services.domain.credentials import Role


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user. Who has no password cannot sign in; who is disabled cannot come in by any way."""

    id: int
    name: str
    role: Role
    has_password: bool
    disabled_at: datetime | None
    created_at: datetime


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A way in for one new user; used when `accepted_by` names them."""

    id: int
    role: Role
    note: str
    created_at: datetime
    expires_at: datetime
    accepted_by: int | None
    revoked_at: datetime | None


_USER = "SELECT id, name, role, password_hash IS NOT NULL AS has_password, disabled_at, created_at FROM users"
_INVITATION = "SELECT id, role, note, created_at, expires_at, accepted_by, revoked_at FROM invitations"


async def page(connection: Connection, limit: int, after: int | None) -> list[User]:
    """At most `limit` users by id, after the id `after`."""
    async with connection.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(f"{_USER} WHERE id > %s ORDER BY id LIMIT %s", [after or 0, limit])
        return await cursor.fetchall()


async def load(connection: Connection, user_id: int, *, lock: bool = False) -> User | None:
    """The user with this id; with `lock`, nobody else changes them until the transaction ends."""
    async with connection.cursor(row_factory=class_row(User)) as cursor:
        locking = " FOR NO KEY UPDATE" if lock else ""
        await cursor.execute(f"{_USER} WHERE id = %s{locking}", [user_id])
        return await cursor.fetchone()


async def by_name(connection: Connection, name: str) -> User | None:
    """The user of this name."""
    async with connection.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(f"{_USER} WHERE name = %s", [name])
        return await cursor.fetchone()


async def password_of(connection: Connection, name: str) -> tuple[int, str] | None:
    """Id and password hash of the user who signs in by this name; None where nobody can."""
    if "\x00" in name:  # PostgreSQL takes no such text; nobody has such a name
        return None
    cursor = await connection.execute(
        "SELECT id, password_hash FROM users WHERE name = %s AND disabled_at IS NULL AND password_hash IS NOT NULL",
        [name],
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1])


async def create(connection: Connection, name: str, role: Role, password_hash: str | None) -> int | None:
    """The id of a new user; None when the name is taken."""
    cursor = await connection.execute(
        "INSERT INTO users (name, role, password_hash) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
        [name, role, password_hash],
    )
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def set_password(connection: Connection, user_id: int, password_hash: str) -> None:
    """Store a new password's hash."""
    await connection.execute("UPDATE users SET password_hash = %s WHERE id = %s", [password_hash, user_id])


async def renew_hash(connection: Connection, user_id: int, before: str, password_hash: str) -> None:
    """Store another hash of the same password, unless that was changed meanwhile."""
    await connection.execute(
        "UPDATE users SET password_hash = %s WHERE id = %s AND password_hash = %s", [password_hash, user_id, before]
    )


async def change(connection: Connection, user_id: int, role: Role, *, disabled: bool) -> None:
    """Set the user's role, and whether they are disabled."""
    await connection.execute(
        "UPDATE users SET role = %s, disabled_at = CASE WHEN %s THEN coalesce(disabled_at, now()) END WHERE id = %s",
        [role, disabled, user_id],
    )


async def active_admins(connection: Connection) -> list[int]:
    """Ids of the admins who can come in, locked in id order: the last one must stay."""
    cursor = await connection.execute(
        """SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL AND password_hash IS NOT NULL
           ORDER BY id FOR NO KEY UPDATE"""
    )
    return [row[0] for row in await cursor.fetchall()]


async def invite(connection: Connection, token_hash: bytes, role: Role, note: str, hours: int) -> int:
    """The id of a new invitation."""
    cursor = await connection.execute(
        """INSERT INTO invitations (token_hash, role, note, expires_at)
           VALUES (%s, %s, %s, now() + make_interval(hours => %s)) RETURNING id""",
        [token_hash, role, note, hours],
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def invitations(connection: Connection, limit: int, before: int | None) -> list[Invitation]:
    """At most `limit` invitations, newest first, older than the id `before`."""
    async with connection.cursor(row_factory=class_row(Invitation)) as cursor:
        await cursor.execute(
            f"{_INVITATION} WHERE id < coalesce(%s::bigint, 9223372036854775807) ORDER BY id DESC LIMIT %s",
            [before, limit],
        )
        return await cursor.fetchall()


async def invitation(connection: Connection, invitation_id: int) -> Invitation | None:
    """The invitation with this id."""
    async with connection.cursor(row_factory=class_row(Invitation)) as cursor:
        await cursor.execute(f"{_INVITATION} WHERE id = %s", [invitation_id])
        return await cursor.fetchone()


async def open_invitation(connection: Connection, token_hash: bytes) -> tuple[int, Role] | None:
    """Id and role of the invitation that still admits somebody, locked."""
    cursor = await connection.execute(
        """SELECT id, role FROM invitations WHERE token_hash = %s AND accepted_by IS NULL AND revoked_at IS NULL
           AND expires_at > now() FOR UPDATE""",
        [token_hash],
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], Role(row[1]))


async def accept(connection: Connection, invitation_id: int, user_id: int) -> None:
    """The invitation is used up."""
    await connection.execute("UPDATE invitations SET accepted_by = %s WHERE id = %s", [user_id, invitation_id])


async def came_by(connection: Connection, token_hash: bytes, name: str) -> bool:
    """Whether it is the user of this name whom the invitation has admitted."""
    cursor = await connection.execute(
        """SELECT FROM invitations AS way JOIN users ON users.id = way.accepted_by
           WHERE way.token_hash = %s AND users.name = %s""",
        [token_hash, name],
    )
    return await cursor.fetchone() is not None


async def revoke_invitation(connection: Connection, invitation_id: int) -> bool:
    """Withdraw an invitation that nobody has used; False if there is none such."""
    cursor = await connection.execute(
        """UPDATE invitations SET revoked_at = coalesce(revoked_at, now())
           WHERE id = %s AND accepted_by IS NULL""",
        [invitation_id],
    )
    return cursor.rowcount == 1
