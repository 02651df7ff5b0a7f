"""Who a credential belongs to: sessions of people, API keys of programs, and what they may reach."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.db.pool import Connection
from services.domain.credentials import ANYTHING, Channels, Role, Scope


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A user behind a valid credential, with their accounts, the oldest first. `via` names the credential.

    `channels` are what a stream ticket is for.
    """

    user_id: int
    name: str
    role: Role
    scopes: frozenset[Scope]
    via: str
    account_ids: tuple[int, ...]
    public_id: int | None
    expires_at: datetime | None
    secret_hash: bytes = b""
    channels: Channels = ANYTHING


_WHOSE = """
    u.id, u.name, u.role,
    coalesce((SELECT array_agg(a.id ORDER BY a.id) FROM accounts a WHERE a.user_id = u.id AND NOT a.is_public), '{}'),
    (SELECT id FROM accounts WHERE is_public)
"""

_SESSION = f"""
SELECT {_WHOSE}, 'session ' || s.id, NULL::text[], s.expires_at, s.token_hash
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.expires_at > now() AND u.disabled_at IS NULL AND
"""

_LOCAL = f"SELECT {_WHOSE}, 'local', NULL::text[], NULL::timestamptz, NULL::bytea FROM users u WHERE u.name = %s"

_KEY_HOLDS = "(k.expires_at IS NULL OR k.expires_at > now()) AND k.revoked_at IS NULL AND u.disabled_at IS NULL"
_KEY = f"""
SELECT {_WHOSE}, 'key ' || k.id, k.scopes, k.expires_at, k.secret_hash
FROM api_keys k JOIN users u ON u.id = k.user_id WHERE {_KEY_HOLDS} AND
"""

# One query for all credentials that hold streams open.
_STILL = f"""
SELECT 'session ' || s.id, {_WHOSE} FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = ANY(%(sessions)s) AND s.expires_at > now() AND u.disabled_at IS NULL
UNION ALL
SELECT 'key ' || k.id, {_WHOSE} FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE k.id = ANY(%(keys)s) AND {_KEY_HOLDS}
UNION ALL
SELECT 'local', {_WHOSE} FROM users u WHERE u.name = 'local' AND %(local)s
"""


async def local_owner(connection: Connection) -> Identity | None:
    """The owner of a machine where nobody signs in; made at first start."""
    return await _one(connection, _LOCAL, "local")


async def by_session(connection: Connection, token_hash: bytes) -> Identity | None:
    """Whose session it is; None if it has ended."""
    return await _one(connection, f"{_SESSION} s.token_hash = %s", token_hash)


async def by_key(connection: Connection, key_id: str) -> Identity | None:
    """Whose key it is, with the hash that its secret must have; None if it does not hold any more."""
    return await _one(connection, f"{_KEY} k.key_id = %s", key_id)


async def by_via(connection: Connection, via: str) -> Identity | None:
    """Who is behind a credential by its name, as things are now; None if it does not hold any more."""
    kind, _, number = via.partition(" ")
    if kind == "local":
        return await local_owner(connection)
    return await _one(connection, f"{_KEY} k.id = %s" if kind == "key" else f"{_SESSION} s.id = %s", int(number))


async def still(connection: Connection, vias: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Of these credentials, those that hold, each with the accounts that it reaches."""
    numbers = {kind: [int(via.split()[1]) for via in vias if via.startswith(kind)] for kind in ("session", "key")}
    cursor = await connection.execute(
        _STILL, {"sessions": numbers["session"], "keys": numbers["key"], "local": "local" in vias}
    )
    return {via: tuple(accounts) for via, _, _, _, accounts, _ in await cursor.fetchall()}


async def start(connection: Connection, user_id: int, token_hash: bytes, hours: int, address: str) -> datetime:
    """Begin a session; when it ends."""
    cursor = await connection.execute(
        """INSERT INTO sessions (user_id, token_hash, expires_at, address)
           VALUES (%s, %s, now() + make_interval(hours => %s), %s) RETURNING expires_at""",
        [user_id, token_hash, hours, address],
    )
    row = await cursor.fetchone()
    assert row is not None
    ends: datetime = row[0]
    return ends


async def end(connection: Connection, user_id: int, via: str) -> None:
    """End this session of the user."""
    await connection.execute("DELETE FROM sessions WHERE user_id = %s AND 'session ' || id = %s", [user_id, via])


async def end_all(connection: Connection, user_id: int, *, but: str = "") -> None:
    """End every session of the user, but perhaps this one."""
    await connection.execute("DELETE FROM sessions WHERE user_id = %s AND 'session ' || id <> %s", [user_id, but])


async def _one(connection: Connection, query: str, parameter: object) -> Identity | None:
    row = await (await connection.execute(query, [parameter])).fetchone()
    if row is None:
        return None
    user_id, name, role, account_ids, public_id, via, scopes, expires_at, secret_hash = row
    role = Role(role)
    held = frozenset(Scope) if scopes is None else frozenset(map(Scope, scopes))
    return Identity(
        user_id=user_id,
        name=name,
        role=role,
        scopes=held if role is Role.ADMIN else held - {Scope.ADMIN},
        via=via,
        account_ids=tuple(account_ids),
        public_id=public_id,
        expires_at=expires_at,
        secret_hash=secret_hash or b"",
    )
