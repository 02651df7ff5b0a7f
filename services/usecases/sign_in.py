"""Sign in with name and password, sign out, change the password, accept an invitation."""

from datetime import datetime

import msgspec

from services.coordination import doorbell
from services.coordination.attempts import Attempts
from services.db import accounts, acting, audit, sessions, users
from services.db.acting import Acting, acting_as
from services.db.pool import Connection
from services.domain.credentials import Role, digest
from services.domain.errors import Conflict, InvalidInput, NotFound, TooMany, Unidentified
from services.usecases.context import Services
from services.usecases.passwords import check_password, hash_password, is_outdated, is_password, random_token

ACCESS_BELL = "access"
"""The bell's name for rights that have changed: verdicts are made anew, streams looked after."""
NAME_MAX = 80


class SignedIn(msgspec.Struct, frozen=True):
    """A new session: its token, which only the caller gets, whose it is, and when it ends."""

    token: str
    user_id: int
    expires_at: datetime


async def sign_in(services: Services, name: str, password: str, address: str) -> SignedIn:
    """Begin a session. Raises Unidentified for a wrong name or password alike, TooMany after a few of those."""
    user_id = await _identified(services, name, password, address, "sign_in_refused", "name or password is wrong")
    return await _begin(services, user_id, address)


async def sign_out(services: Services, user_id: int, via: str, *, everywhere: bool = False) -> None:
    """End this session, or all of the user's."""
    async with services.pool.connection() as connection:
        await (sessions.end_all(connection, user_id) if everywhere else sessions.end(connection, user_id, via))
    await doorbell.ring(services.redis, [ACCESS_BELL])


async def change_password(services: Services, name: str, via: str, old: str, new: str, address: str) -> None:
    """Another password for this user; their other sessions end. Raises Unidentified, TooMany, InvalidInput."""
    check_password(new)
    user_id = await _identified(
        services, name, old, address, "password_change_refused", "the present password is wrong"
    )
    hashed = await hash_password(new)
    async with services.pool.connection() as connection:
        await users.set_password(connection, user_id, hashed)
        await sessions.end_all(connection, user_id, but=via)
    await doorbell.ring(services.redis, [ACCESS_BELL])


async def accept_invitation(services: Services, token: str, name: str, password: str, address: str) -> SignedIn:
    """Make the invited user with a first account, and their session. Raises NotFound, Conflict, InvalidInput.

    Whoever has done so and asks again, for want of the answer, is signed in as by name and password.
    """
    check_name(name, "name")
    check_password(password)
    async with services.system_pool.connection() as connection:  # a token that is none must not cost a hash
        found = await _invitation(connection, token, name)
    if found is None:
        return await sign_in(services, name, password, address)
    hashed = await hash_password(password)
    async with services.system_pool.connection() as connection:
        found = await _invitation(connection, token, name)
        if found is None:
            return await sign_in(services, name, password, address)
        invitation_id, role = found
        await acting.tell(connection)
        user_id = await users.create(connection, name, role, hashed)
        if user_id is None:
            raise Conflict("name_taken", f"there is a user {name!r} already", field="name")
        await users.accept(connection, invitation_id, user_id)
        await accounts.create(connection, user_id, "main", services.settings.starting_balance)
    return await _begin(services, user_id, address)


async def _invitation(connection: Connection, token: str, name: str) -> tuple[int, Role] | None:
    """The open invitation's id and role; None where the user of this `name` came by it. Raises NotFound."""
    found = await users.open_invitation(connection, digest(token))
    if found is None and not await users.came_by(connection, digest(token), name):
        raise NotFound("no_such_invitation", "this invitation is unknown, used, withdrawn or too old")
    return found


def check_name(name: str, field: str) -> None:
    """Raises InvalidInput for a name that is empty, too long or not printable."""
    if not (0 < len(name) <= NAME_MAX and name.isprintable() and name.strip() == name):
        rule = f"{field} must have 1 to {NAME_MAX} printable characters, no blanks around them"
        raise InvalidInput("bad_name", rule, field=field)


async def _identified(services: Services, name: str, password: str, address: str, refusal: str, why: str) -> int:
    """The id of the user with this name and password. Raises Unidentified, TooMany; both are audited as `refusal`."""
    attempts = Attempts(services.redis)
    try:
        await attempts.begin(name, address)
    except TooMany as shut:
        if await attempts.is_first_at_shut_door(name, address, shut.retry_after):
            await _note_refused(services, refusal, name, shut.code)
        raise
    async with services.system_pool.connection() as connection:
        known = await users.password_of(connection, name)
    if not await is_password(known[1] if known else None, password) or known is None:
        await _note_refused(services, refusal, name, "wrong_password")
        raise Unidentified("wrong_password", why)
    await attempts.succeeded(name, address)
    user_id, stored = known
    if is_outdated(stored):
        hashed = await hash_password(password)
        async with services.system_pool.connection() as connection:
            await users.renew_hash(connection, user_id, stored, hashed)
    return user_id


async def _note_refused(services: Services, refusal: str, name: str, code: str) -> None:
    """Not the name as typed, which is often a password: only whose it is."""
    async with services.system_pool.connection() as connection:
        known = await users.password_of(connection, name)
        await audit.note(connection, refusal, "users", str(known[0]) if known else "", after={"code": code})


async def _begin(services: Services, user_id: int, address: str) -> SignedIn:
    token = random_token()
    with acting_as(Acting(user_id, "anonymous", address)):
        async with services.system_pool.connection() as connection:
            await acting.tell(connection)
            hours = services.settings.session_hours
            ends = await sessions.start(connection, user_id, digest(token), hours, address)
    return SignedIn(token, user_id, ends)
