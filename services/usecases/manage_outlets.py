"""Webhooks and notification targets of a user: made, changed, given a new secret, deleted."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec
from msgspec import UNSET, UnsetType

from services.coordination import doorbell
from services.db import modes, outbox, outlets
from services.db.outlets import Outlet, OutletKind
from services.db.pool import Connection
from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.outlets import QuietHours, Rule
from services.hooks.addresses import Forbidden
from services.hooks.signature import new_secret
from services.usecases.context import Services
from services.usecases.once import Done, once, shown_once
from services.usecases.outlet_rules import OUTLETS_MAX, check_description, check_quiet_hours, check_rules
from services.usecases.switch_mode import tell_ended

OVERLAP = timedelta(hours=24)
Shown = Callable[[Outlet], object]
"""Makes of an outlet what its owner is answered."""


class NewOutlet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An outlet to be. Without `rules` every event of the caller's streams goes there."""

    url: str
    description: str = ""
    rules: tuple[Rule, ...] = ()
    quiet_hours: QuietHours | None = None


class OutletChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; what is absent stays. Another `url` has to be verified anew."""

    url: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    rules: tuple[Rule, ...] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET


async def create_outlet(
    services: Services,
    user_id: int,
    account_ids: Sequence[int],
    kind: OutletKind,
    wish: NewOutlet,
    shown: Shown,
    key: str | None = None,
) -> Done:
    """The new outlet as `shown`, a webhook with its `secret` this once.

    Raises InvalidInput, Conflict when the user has too many.
    """
    await _check(services, kind, account_ids, wish)
    secret = new_secret() if kind is OutletKind.WEBHOOK else None
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            if await outlets.count(connection, user_id, kind) >= OUTLETS_MAX:
                raise Conflict("too_many_outlets", f"a user has at most {OUTLETS_MAX} of them")
            id_ = await outlets.create(
                connection,
                user_id,
                kind,
                url=wish.url,
                description=wish.description,
                rules=wish.rules,
                quiet_hours=wish.quiet_hours,
                secret=secret,
            )
            await outbox.follow(connection, id_)
            return msgspec.json.encode(shown(await found(connection, user_id, kind, id_)))

        done = await once(connection, f"{kind}:{user_id}", key, wish, work)
    return done if done.repeated or secret is None else Done(shown_once(done.body, secret=secret))


async def list_outlets(services: Services, user_id: int, kind: OutletKind) -> list[Outlet]:
    """The user's outlets of a kind."""
    async with services.pool.connection() as connection:
        return await outlets.of_user(connection, user_id, kind)


async def read_outlet(services: Services, user_id: int, kind: OutletKind, outlet_id: int) -> Outlet:
    """One of the user's outlets. Raises NotFound for any other."""
    async with services.pool.connection() as connection:
        return await found(connection, user_id, kind, outlet_id)


async def edit_outlet(
    services: Services,
    user_id: int,
    account_ids: Sequence[int],
    kind: OutletKind,
    outlet_id: int,
    changes: OutletChanges,
) -> Outlet:
    """The outlet as changed. Raises NotFound, or InvalidInput naming the field."""
    given = {name: value for name in changes.__struct_fields__ if (value := getattr(changes, name)) is not UNSET}
    if not given:
        raise InvalidInput("nothing_to_change", f"give at least one of {', '.join(changes.__struct_fields__)}")
    before = await read_outlet(services, user_id, kind, outlet_id)
    asked = {name: given.get(name, getattr(before, name)) for name in NewOutlet.__struct_fields__}
    await _check(services, kind, account_ids, NewOutlet(**asked))
    async with services.pool.connection() as connection:
        before = await found(connection, user_id, kind, outlet_id, lock=True)
        after = msgspec.structs.replace(before, **given)
        if after.url != before.url:
            after = msgspec.structs.replace(after, verified_at=None)
        if "enabled" in given or after.url != before.url:
            # Whatever was wrong with it is forgotten; any past time will do for "at once".
            after = msgspec.structs.replace(
                after, disabled_reason="", failures=0, failing_since=None, retry_at=before.created_at
            )
        await outlets.store(connection, after)
        view, streams = await found(connection, user_id, kind, outlet_id), []
        if after.url != before.url or not after.enabled:
            streams = await _back_to_paper(connection, outlet_id, user_id, "its webhook was changed")
    await doorbell.ring(services.redis, streams)
    return view


async def rotate_secret(services: Services, user_id: int, outlet_id: int, shown: Shown, key: str | None = None) -> Done:
    """The webhook as `shown` with a new `secret`, told this once.

    For OVERLAP every message bears two signatures, by the old and by the new one. Raises NotFound, Conflict.
    """
    secret = new_secret()
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            await found(connection, user_id, OutletKind.WEBHOOK, outlet_id, lock=True)
            await outlets.rotate(connection, outlet_id, secret, OVERLAP)
            return msgspec.json.encode(shown(await found(connection, user_id, OutletKind.WEBHOOK, outlet_id)))

        done = await once(connection, f"rotate_webhook:{user_id}:{outlet_id}", key, None, work)
    return done if done.repeated else Done(shown_once(done.body, secret=secret))


async def delete_outlet(services: Services, user_id: int, kind: OutletKind, outlet_id: int) -> None:
    """Forget the outlet and everything that waits for it. Raises NotFound."""
    async with services.pool.connection() as connection:
        await found(connection, user_id, kind, outlet_id, lock=True)
        ended = await modes.end_by_outlet(connection, outlet_id, "its webhook was deleted", user_id)
        await outlets.delete(connection, outlet_id)
        streams = await tell_ended(connection, ended, "its webhook was deleted")
    await doorbell.ring(services.redis, streams)


async def _back_to_paper(connection: Connection, outlet_id: int, user_id: int, reason: str) -> list[str]:
    """What was agreed to was another webhook: accounts that are live by it are on paper again; which streams grew."""
    return await tell_ended(connection, await modes.end_by_outlet(connection, outlet_id, reason, user_id), reason)


async def found(
    connection: Connection, user_id: int, kind: OutletKind, outlet_id: int, *, lock: bool = False
) -> Outlet:
    """The user's outlet. Raises NotFound for any other."""
    outlet = await outlets.load(connection, user_id, kind, outlet_id, lock=lock)
    if outlet is None:
        raise NotFound(f"no_such_{kind}", f"there is no {kind} {outlet_id}", field="id")
    return outlet


async def _check(services: Services, kind: OutletKind, account_ids: Sequence[int], wish: NewOutlet) -> None:
    check_rules(wish.rules, account_ids)
    check_description(wish.description)
    check_quiet_hours(wish.quiet_hours)
    try:
        if kind is OutletKind.WEBHOOK:
            services.hooks.policy.destination(wish.url)
        else:
            await services.notifier.check(wish.url)
    except Forbidden as refusal:
        raise InvalidInput("url_not_allowed", str(refusal), field="url") from None
