"""Make, edit, follow and read sources of signals."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping

import msgspec

from services.coordination import doorbell
from services.db import acting, follows, signal_counts, sources
from services.db.follows import Follow
from services.db.pool import Connection
from services.db.signal_counts import SourceStatistics
from services.db.sources import Source
from services.domain.errors import Conflict, NotFound
from services.domain.source import (
    NO_OVERRIDES,
    Overrides,
    SourceSettings,
    check_name,
    check_overrides,
    check_settings,
)
from services.settings import Login
from services.usecases.context import Services
from services.usecases.once import Done, once
from services.usecases.sign_in import ACCESS_BELL

SECRET_BYTES = 32
SOURCES_MAX = 50
"""How many sources a user may have where login is required."""
_SECRET = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{43})")


class Asking(msgspec.Struct, frozen=True):
    """Somebody, the accounts that are theirs, and the public one where they may trade on it."""

    user_id: int
    account_ids: tuple[int, ...]
    public_id: int | None = None

    @property
    def writable_ids(self) -> tuple[int, ...]:
        """Every account that they may trade on."""
        return self.account_ids if self.public_id is None else (*self.account_ids, self.public_id)


async def ensure_source(
    services: Services,
    user_id: int,
    name: str,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
    *,
    followed_by: int | None = None,
    of_fleet: bool = False,
) -> Source:
    """The user's source of that name; made at first use with `settings`, and then followed by that account.

    of_fleet: the fleet itself has it made, however many there are. Raises InvalidInput for a name or settings that
    cannot be, Conflict where the user has too many.
    """
    async with services.pool.connection() as connection:
        found, is_new = await source_named(
            services, connection, user_id, name, settings, followed_by=followed_by, of_fleet=of_fleet
        )
    if is_new:
        await doorbell.ring(services.redis, [ACCESS_BELL])
    return found


async def source_named(
    services: Services,
    connection: Connection,
    user_id: int,
    name: str,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
    *,
    followed_by: int | None,
    of_fleet: bool = False,
) -> tuple[Source, bool]:
    """The same in the caller's transaction, and whether the source was made in it; that rings no bell."""
    check_name(name)
    check_settings(settings)
    found = await sources.named(connection, user_id, name)
    if found is not None:
        return found, False
    id_ = await sources.create(connection, user_id, name, settings)
    if id_ is not None and not of_fleet:
        await _check_room(services, connection, user_id)
    if id_ is not None and followed_by is not None:
        await follows.follow(connection, id_, followed_by, NO_OVERRIDES)
    found = await sources.named(connection, user_id, name)
    assert found is not None
    return found, id_ is not None


async def create_source(
    services: Services,
    who: Asking,
    name: str,
    settings: SourceSettings,
    shown: Callable[[Source, list[Follow]], object],
    *,
    followed_by: int | None,
    key: str | None = None,
) -> Done:
    """A new source, as `shown`. Raises InvalidInput, Conflict when the user has one of that name, or too many."""
    check_name(name)
    check_settings(settings)
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            id_ = await sources.create(connection, who.user_id, name, settings)
            if id_ is None:
                raise Conflict("source_exists", f"there is a source named {name!r}", field="name")
            await _check_room(services, connection, who.user_id)
            if followed_by is not None:
                await follows.follow(connection, id_, followed_by, NO_OVERRIDES)
            made = (await sources.load(connection, [id_]))[id_]
            return msgspec.json.encode(shown(made, await follows.of_source(connection, id_, who.writable_ids)))

        done = await once(connection, f"source:{who.user_id}", key, [name, settings, followed_by], work)
    await doorbell.ring(services.redis, [ACCESS_BELL])
    return done


async def edit_source(services: Services, who: Asking, source_id: int, changes: Mapping[str, object]) -> Source:
    """Change settings of one's own source; they hold for signals from now on.

    One that is no longer public loses the followers that are not its owner's. Raises InvalidInput.
    """
    async with services.system_pool.connection() as connection:  # others' follows are ended with it
        await acting.tell(connection)
        await sources.lock(connection, source_id)
        source = await own_source(connection, who, source_id)
        settings = msgspec.structs.replace(source.settings, **changes)
        check_settings(settings)
        await sources.set_settings(connection, source_id, settings)
        if not settings.is_public:
            await follows.drop_foreign(connection, source_id)
    if source.settings.is_public and not settings.is_public:
        await doorbell.ring(services.redis, [ACCESS_BELL])
    return msgspec.structs.replace(source, settings=settings)


async def list_sources(services: Services, who: Asking, limit: int, before: int | None) -> list[Source]:
    """The sources one may read: one's own, public ones, followed ones; newest first."""
    async with services.pool.connection() as connection:
        return await sources.visible(connection, who.user_id, who.account_ids, limit, before)


async def read_source(services: Services, who: Asking, source_id: int) -> tuple[Source, list[Follow]]:
    """A source that one may read, and how one's own accounts follow it."""
    async with services.pool.connection() as connection:
        source = await readable_source(connection, who, source_id)
        return source, await follows.of_source(connection, source_id, who.writable_ids)


async def follow_source(
    services: Services, who: Asking, source_id: int, account_id: int, overrides: Overrides
) -> list[Follow]:
    """Have an account take the source's signals from now on, or change its overrides. Raises NotFound, Conflict."""
    check_overrides(overrides)
    check_account(who, account_id)
    async with services.pool.connection() as connection:
        await sources.lock(connection, source_id)  # else it could be made private in between
        source = await readable_source(connection, who, source_id)
        if not source.settings.is_public and account_id not in who.account_ids:
            why = "the public account can follow public sources only: everybody sees what it trades"
            raise Conflict("private_source", why, field="account_id")
        await follows.follow(connection, source_id, account_id, overrides)
        followed = await follows.of_source(connection, source_id, who.writable_ids)
    await doorbell.ring(services.redis, [ACCESS_BELL])
    return followed


async def unfollow_source(services: Services, who: Asking, source_id: int, account_id: int) -> None:
    """Take no further signals. What is open stays open."""
    check_account(who, account_id)
    async with services.pool.connection() as connection:
        if not await follows.unfollow(connection, source_id, account_id):
            raise NotFound("not_followed", f"account {account_id} does not follow source {source_id}", field="id")
    await doorbell.ring(services.redis, [ACCESS_BELL])


async def rotate_secret(services: Services, who: Asking, source_id: int, key: str | None = None) -> str | None:
    """A new webhook secret, told this once: only its hash is kept. The one before is worth nothing from now on.

    None when the request is repeated: the secret was told then. Raises NotFound, Conflict.
    """
    token = secrets.token_urlsafe(SECRET_BYTES)
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            await own_source(connection, who, source_id)
            await sources.set_secret(connection, source_id, _hash(token))
            return b""

        done = await once(connection, f"rotate_source:{who.user_id}:{source_id}", key, None, work)
    return None if done.repeated else f"{source_id}-{token}"


async def source_of_secret(services: Services, secret: str) -> Source:
    """The source whose webhook secret this is. Raises NotFound, alike for every wrong one."""
    match = _SECRET.fullmatch(secret)
    source_id, token = (int(match[1]), match[2]) if match else (0, "")
    async with services.pool.connection() as connection:
        kept = await sources.secret_hash(connection, source_id)
        found = (await sources.load(connection, [source_id])).get(source_id)
    if not hmac.compare_digest(kept or bytes(32), _hash(token)) or kept is None or found is None:
        raise NotFound("no_such_webhook", "there is no such webhook")
    return found


async def read_statistics(services: Services, who: Asking, source_id: int) -> SourceStatistics:
    """What became of the signals of a source that one may read."""
    async with services.pool.connection() as connection:
        await readable_source(connection, who, source_id)
        counted = await signal_counts.of_source(connection, source_id, who.account_ids)
    async with services.system_pool.connection() as connection:
        return msgspec.structs.replace(counted, followers=await follows.count(connection, source_id))


async def own_source(connection: Connection, who: Asking, source_id: int) -> Source:
    """One's own source. Raises NotFound for everybody else's."""
    source = (await sources.load(connection, [source_id])).get(source_id)
    if source is None or source.user_id != who.user_id:
        raise no_such_source(source_id)
    return source


async def readable_source(connection: Connection, who: Asking, source_id: int) -> Source:
    """A source that one may read. Raises NotFound."""
    source = (await sources.load(connection, [source_id])).get(source_id)
    if source is None or not await sources.may_read(connection, source_id, who.user_id, who.account_ids):
        raise no_such_source(source_id)
    return source


async def _check_room(services: Services, connection: Connection, user_id: int) -> None:
    """With the new one counted: made first, it is found by its name by those who wait for this transaction."""
    if services.settings.login is Login.REQUIRED and await sources.count(connection, user_id) > SOURCES_MAX:
        raise Conflict("too_many_sources", f"a user may have {SOURCES_MAX} sources", field="source")


def no_such_source(source_id: int) -> NotFound:
    """The refusal."""
    return NotFound("no_such_source", f"there is no source {source_id}", field="source")


def check_account(who: Asking, account_id: int) -> None:
    """Raises NotFound for an account that they may not trade on."""
    if account_id not in who.writable_ids:
        raise NotFound("no_such_account", f"there is no account {account_id}", field="account_id")


def _hash(token: str) -> bytes:
    """32 random bytes cannot be guessed, so a plain hash keeps them."""
    return hashlib.sha256(token.encode()).digest()
