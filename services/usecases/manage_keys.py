"""API keys: make, list, rotate with an overlap, revoke. A key is shown once, when it is made."""

import secrets
from datetime import UTC, datetime, timedelta

import msgspec

from services.coordination import doorbell
from services.db import api_keys
from services.db.api_keys import ApiKey
from services.db.pool import Connection
from services.domain.credentials import ID_BYTES, SECRET_BYTES, Role, Scope, digest, make_key
from services.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.usecases.context import Services
from services.usecases.once import Done, once, shown_once
from services.usecases.sign_in import ACCESS_BELL, check_name

KEYS_MAX = 50
DAYS_MAX = 3650
OVERLAP_HOURS_MAX = 24 * 30


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the key is for, what it may do, and for how many days; null is until it is revoked."""

    name: str
    scopes: frozenset[Scope] = frozenset({Scope.READ})
    days: int | None = 365


class Rotate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how many hours the old key goes on working beside the new one."""

    overlap_hours: int = 24


class KeyMade(ApiKey, frozen=True, kw_only=True):
    """A key with its text, which is shown this once; null when the request is repeated."""

    key: str | None


async def list_keys(
    services: Services, user_id: int, limit: int, before: int | None
) -> tuple[list[ApiKey], int | None]:
    """At most `limit` keys of the user, newest first, and where the next page starts."""
    async with services.pool.connection() as connection:
        found = await api_keys.page(connection, user_id, limit + 1, before)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


async def make(
    services: Services, user_id: int, role: Role, held: frozenset[Scope], wish: NewKey, key: str | None
) -> Done:
    """A new key with no more scopes than the caller holds. Raises InvalidInput, Forbidden, Conflict."""
    check_name(wish.name, "name")
    if wish.days is not None and not 1 <= wish.days <= DAYS_MAX:
        raise InvalidInput("days_out_of_range", f"days must be 1 to {DAYS_MAX}, or null", field="days")
    if not wish.scopes:
        raise InvalidInput("no_scope", "a key needs at least one scope", field="scopes")
    if not wish.scopes <= held or (Scope.ADMIN in wish.scopes and role is not Role.ADMIN):
        raise Forbidden("scope_too_wide", "a key cannot do more than who makes it", field="scopes")
    expires = None if wish.days is None else datetime.now(UTC) + timedelta(days=wish.days)
    fresh = make_key(secrets.token_bytes(ID_BYTES + SECRET_BYTES))
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            await _check_room(connection, user_id)
            hashed = digest(fresh.secret)
            made = await api_keys.create(
                connection, user_id, fresh.key_id, hashed, name=wish.name, scopes=wish.scopes, expires_at=expires
            )
            return msgspec.json.encode(KeyMade(**msgspec.structs.asdict(made), key=None))

        done = await once(connection, f"key:{user_id}", key, wish, work)
    return done if done.repeated else Done(shown_once(done.body, key=fresh.text))


async def rotate(
    services: Services, user_id: int, held: frozenset[Scope], id_: int, wish: Rotate, key: str | None
) -> Done:
    """A new key like the old one, which ends after the overlap. Raises NotFound, InvalidInput, Forbidden, Conflict."""
    if not 0 <= wish.overlap_hours <= OVERLAP_HOURS_MAX:
        rule = f"overlap_hours must be 0 to {OVERLAP_HOURS_MAX}"
        raise InvalidInput("overlap_out_of_range", rule, field="overlap_hours")
    fresh = make_key(secrets.token_bytes(ID_BYTES + SECRET_BYTES))
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            old = await api_keys.load(connection, user_id, id_)
            if old is None:
                raise _missing(id_)
            now = datetime.now(UTC)
            if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
                raise Conflict("key_ended", f"key {id_} holds no longer: make a new one", field="id")
            if not held >= set(old.scopes):
                raise Forbidden("scope_too_wide", "a key cannot do more than who makes it", field="scopes")
            await _check_room(connection, user_id)
            lifetime = await api_keys.lifetime(connection, id_)
            made = await api_keys.create(
                connection,
                user_id,
                fresh.key_id,
                digest(fresh.secret),
                name=old.name,
                scopes=old.scopes,
                expires_at=None if lifetime is None else now + lifetime,
            )
            await api_keys.replace(connection, id_, wish.overlap_hours * 3600)
            return msgspec.json.encode(KeyMade(**msgspec.structs.asdict(made), key=None))

        done = await once(connection, f"rotate:{user_id}:{id_}", key, wish, work)
    await doorbell.ring(services.redis, [ACCESS_BELL])
    return done if done.repeated else Done(shown_once(done.body, key=fresh.text))


async def revoke_key(services: Services, user_id: int, id_: int) -> None:
    """The key holds no longer, nowhere. Raises NotFound."""
    async with services.pool.connection() as connection:
        if not await api_keys.revoke(connection, user_id, id_):
            raise _missing(id_)
    await doorbell.ring(services.redis, [ACCESS_BELL])


async def _check_room(connection: Connection, user_id: int) -> None:
    if await api_keys.count(connection, user_id) >= KEYS_MAX:
        raise Conflict("too_many_keys", f"a user may hold {KEYS_MAX} keys: revoke one first")


def _missing(id_: int) -> NotFound:
    return NotFound("no_such_key", f"there is no key {id_}", field="id")
