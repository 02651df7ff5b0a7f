"""Users, as an admin or the operator manages them: invite, change, disable; nobody is ever deleted."""

import msgspec
from msgspec import UNSET, UnsetType

from services.coordination import doorbell
from services.db import accounts, acting, modes, sessions, users
from services.db.users import Invitation, User
from services.domain.credentials import Role, digest
from services.domain.errors import Conflict, InvalidInput, NotFound
from services.usecases.context import Services
from services.usecases.once import Done, once, shown_once
from services.usecases.passwords import check_password, hash_password, random_token
from services.usecases.sign_in import ACCESS_BELL, check_name
from services.usecases.switch_mode import tell_ended

HOURS_MAX = 24 * 30


class Invite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who shall be let in: as what, for how many hours the invitation stands, and a note for yourself."""

    role: Role = Role.USER
    hours: int = 72
    note: str = ""


class Invited(Invitation, frozen=True, kw_only=True):
    """An invitation with its token, which is shown this once; null when the request is repeated."""

    token: str | None


class ChangeUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; what is absent stays.

    A disabled user's sessions, keys, public links, webhooks and secrets for alerts stop working at once, and their live
    accounts are back to paper.
    """

    role: Role | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


async def list_users(services: Services, limit: int, after: int | None) -> tuple[list[User], int | None]:
    """At most `limit` users by id, and where the next page starts."""
    async with services.system_pool.connection() as connection:
        found = await users.page(connection, limit + 1, after)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


async def read_user(services: Services, user_id: int) -> User:
    """The user with this id. Raises NotFound."""
    async with services.system_pool.connection() as connection:
        return _existing(await users.load(connection, user_id), user_id)


async def list_invitations(services: Services, limit: int, before: int | None) -> tuple[list[Invitation], int | None]:
    """At most `limit` invitations, newest first, and where the next page starts."""
    async with services.system_pool.connection() as connection:
        found = await users.invitations(connection, limit + 1, before)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


async def invite(services: Services, by: int, wish: Invite, key: str | None) -> Done:
    """A new invitation, its token included this once. Raises InvalidInput, Conflict."""
    if not 1 <= wish.hours <= HOURS_MAX:
        raise InvalidInput("hours_out_of_range", f"hours must be 1 to {HOURS_MAX}", field="hours")
    if len(wish.note) > 200 or "\x00" in wish.note:
        raise InvalidInput("bad_text", "note must have at most 200 characters", field="note")
    token = random_token()
    async with services.system_pool.connection() as connection:
        await acting.tell(connection)

        async def work() -> bytes:
            id_ = await users.invite(connection, digest(token), wish.role, wish.note, wish.hours)
            made = await users.invitation(connection, id_)
            assert made is not None
            return msgspec.json.encode(Invited(**msgspec.structs.asdict(made), token=None))

        done = await once(connection, f"invite:{by}", key, wish, work)
    return done if done.repeated else Done(shown_once(done.body, token=token))


async def revoke_invitation(services: Services, invitation_id: int) -> None:
    """Withdraw it. Raises NotFound for one that is unknown or used."""
    async with services.system_pool.connection() as connection:
        await acting.tell(connection)
        if not await users.revoke_invitation(connection, invitation_id):
            raise NotFound("no_such_invitation", f"there is no open invitation {invitation_id}", field="id")


async def change_user(services: Services, by: int, user_id: int, wish: ChangeUser) -> User:
    """The user as changed by another. Raises NotFound, InvalidInput, or Conflict where no admin would be left."""
    if wish.role is UNSET and wish.disabled is UNSET:
        raise InvalidInput("nothing_to_change", "give at least one of role, disabled")
    async with services.system_pool.connection() as connection:
        await acting.tell(connection)
        admins = await users.active_admins(connection)
        user = _existing(await users.load(connection, user_id, lock=True), user_id)
        role = user.role if wish.role is UNSET else wish.role
        disabled = user.disabled_at is not None if wish.disabled is UNSET else wish.disabled
        if admins == [user_id] and (disabled or role is not Role.ADMIN):
            raise Conflict("last_admin", "this is the last admin: make another one first", field="id")
        await users.change(connection, user_id, role, disabled=disabled)
        if disabled:
            await sessions.end_all(connection, user_id)
        changed = _existing(await users.load(connection, user_id), user_id)
        reason = "its user was disabled"
        ended = await modes.end_by_user(connection, user_id, reason, by) if disabled else []
        streams = await tell_ended(connection, ended, reason)
    await doorbell.ring(services.redis, [ACCESS_BELL, *streams])
    return changed


async def create_user(services: Services, name: str, password: str, role: Role) -> int:
    """The id of a new user with a first account. Raises InvalidInput, Conflict."""
    check_name(name, "name")
    check_password(password)
    hashed = await hash_password(password)
    async with services.system_pool.connection() as connection:
        await acting.tell(connection)
        user_id = await users.create(connection, name, role, hashed)
        if user_id is None:
            raise Conflict("name_taken", f"there is a user {name!r} already", field="name")
        await accounts.create(connection, user_id, "main", services.settings.starting_balance)
    return user_id


async def set_password(services: Services, name: str, password: str) -> None:
    """Another password for the user of this name; all their sessions end. Raises NotFound, InvalidInput."""
    check_password(password)
    hashed = await hash_password(password)
    async with services.system_pool.connection() as connection:
        await acting.tell(connection)
        user = await users.by_name(connection, name)
        if user is None:
            raise NotFound("no_such_user", f"there is no user {name!r}", field="name")
        await users.set_password(connection, user.id, hashed)
        await sessions.end_all(connection, user.id)
    await doorbell.ring(services.redis, [ACCESS_BELL])


def _existing(user: User | None, user_id: int) -> User:
    if user is None:
        raise NotFound("no_such_user", f"there is no user {user_id}", field="id")
    return user
