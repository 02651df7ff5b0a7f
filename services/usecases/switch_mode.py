"""Switch an account between paper and live. Live has many guards and ends by itself; paper works at once, always."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from services.coordination import doorbell
from services.db import accounts, acting, modes, outlets, users
from services.db.modes import Change, Ended
from services.db.outlets import OutletKind
from services.db.pool import Connection
from services.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.domain.mode import Mode, phrase_for
from services.usecases.context import Services

CHANGES_SHOWN = 50


class Person(msgspec.Struct, frozen=True):
    """Who asks: their own accounts, or all for an admin."""

    user_id: int
    account_ids: Sequence[int]
    is_admin: bool = False


class AskLive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which verified webhook the signals shall be handed to."""

    webhook_id: int


class Question(msgspec.Struct, frozen=True):
    """What has to be answered within a minute: the token, and the phrase as typed by a person."""

    token: str
    expires_at: datetime
    phrase: str


class GoLive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer, and for how many hours the account shall be live."""

    webhook_id: int
    token: str
    phrase: str
    hours: int = 8


class ModeView(msgspec.Struct, frozen=True, kw_only=True):
    """The mode of an account. `live_allowed` and `hours_max` are the operator's; `changes` are the newest 50."""

    account_id: int
    mode: Mode
    live_until: datetime | None
    since: datetime | None
    webhook_id: int | None
    live_allowed: bool
    hours_max: int
    changes: list[Change]


class ModeChanged(msgspec.Struct, frozen=True):
    """What an account's stream tells of its mode."""

    account_id: int
    name: str
    mode: Mode
    reason: str
    webhook_id: int
    live_until: datetime | None
    type: str = "account"
    action: str = "mode_changed"


async def read_mode(services: Services, person: Person, account_id: int) -> ModeView:
    """The mode of an account. Raises NotFound for one that is not the person's."""
    async with services.pool.connection() as connection:
        await _owner(connection, person, account_id)
        return await _view(services, connection, account_id)


async def ask_live(services: Services, person: Person, account_id: int, wish: AskLive) -> Question:
    """The question before going live. Raises NotFound, Forbidden, or Conflict for a webhook that is not verified."""
    token = secrets.token_urlsafe(32)
    async with services.pool.connection() as connection:
        owner_id, name = await _owner(connection, person, account_id)
        _check_allowed(services)
        await _check_webhook(connection, owner_id, wish.webhook_id)
        expires_at = await modes.ask(connection, account_id, person.user_id, wish.webhook_id, _hash(token))
    return Question(token, expires_at, phrase_for(name))


async def go_live(services: Services, person: Person, account_id: int, wish: GoLive) -> ModeView:
    """Make the account live, if every guard agrees: operator, owner or admin, webhook, phrase, token, time.

    Raises NotFound, Forbidden, InvalidInput naming the field, or Conflict.
    """
    async with services.pool.connection() as connection:
        await acting.tell(connection)  # an admin switches anybody's account, over the fleet's own pool
        owner_id, name = await _owner(connection, person, account_id)
        await _check_enabled(connection, owner_id)
        _check_allowed(services)
        _check_hours(services, wish.hours)
        if wish.phrase != phrase_for(name):
            raise InvalidInput("phrase_differs", f"phrase must be exactly: {phrase_for(name)}", field="phrase")
        await _check_webhook(connection, owner_id, wish.webhook_id)
        if not await modes.redeem(connection, account_id, person.user_id, wish.webhook_id, _hash(wish.token)):
            raise Conflict(
                "token_not_valid", "this token was used, has run out or is another's: ask anew", field="token"
            )
        lasting = timedelta(hours=wish.hours)
        until = await modes.begin(connection, account_id, wish.webhook_id, person.user_id, lasting)
        view = await _view(services, connection, account_id)
        stream = await _tell(connection, account_id, name, Mode.LIVE, "confirmed", wish.webhook_id, until)
    await doorbell.ring(services.redis, [stream])
    return view


async def go_paper(services: Services, person: Person, account_id: int) -> ModeView:
    """Back to paper, at once and always. Raises NotFound for an account that is not the person's."""
    async with services.pool.connection() as connection:
        await acting.tell(connection)
        await _owner(connection, person, account_id)
        ended = await modes.end(connection, account_id, "by command", person.user_id)
        view = await _view(services, connection, account_id)
        streams = await tell_ended(connection, ended, "by command")
    await doorbell.ring(services.redis, streams)
    return view


async def expire_modes(services: Services) -> None:
    """Record and tell which accounts have fallen back to paper by time; they have not been live since."""
    async with services.pool.connection() as connection:
        ended = await modes.end_expired(connection)
        streams = await tell_ended(connection, ended, "the set time has passed")
    await doorbell.ring(services.redis, streams)


async def tell_ended(connection: Connection, ended: Sequence[Ended], reason: str) -> list[str]:
    """Tell the accounts' streams that they are back to paper, as the transaction's last writes; which grew."""
    return [
        await _tell(connection, each.account_id, each.name, Mode.PAPER, reason, each.outlet_id, None) for each in ended
    ]


async def _tell(
    connection: Connection,
    account_id: int,
    name: str,
    mode: Mode,
    reason: str,
    webhook_id: int,
    live_until: datetime | None,
) -> str:
    event = ModeChanged(account_id, name, mode, reason, webhook_id, live_until)
    return await accounts.announce(connection, account_id, event.action, msgspec.json.encode(event))


async def _view(services: Services, connection: Connection, account_id: int) -> ModeView:
    live = (await modes.live(connection, [account_id])).get(account_id)
    return ModeView(
        account_id=account_id,
        mode=Mode.LIVE if live else Mode.PAPER,
        live_until=live.live_until if live else None,
        since=live.since if live else None,
        webhook_id=live.outlet_id if live else None,
        live_allowed=services.settings.live_mode,
        hours_max=services.settings.live_hours_max,
        changes=await modes.changes(connection, account_id, CHANGES_SHOWN),
    )


async def _owner(connection: Connection, person: Person, account_id: int) -> tuple[int, str]:
    owner = await modes.owner(connection, account_id)
    if owner is None or not (account_id in person.account_ids or person.is_admin):
        raise NotFound("no_such_account", f"there is no account {account_id}", field="id")
    return owner


async def _check_enabled(connection: Connection, owner_id: int) -> None:
    """The owner, locked so that nobody disables them meanwhile, must not be disabled."""
    owner = await users.load(connection, owner_id, lock=True)
    if owner is None or owner.disabled_at is not None:
        raise Conflict("user_disabled", "the account's user is disabled", field="id")


async def _check_webhook(connection: Connection, owner_id: int, webhook_id: int) -> None:
    """The webhook, locked so that nobody changes it meanwhile, must be the owner's, verified and enabled."""
    if not 0 < webhook_id < 2**63:
        raise NotFound("no_such_webhook", f"there is no webhook {webhook_id}", field="webhook_id")
    webhook = await outlets.load(connection, owner_id, OutletKind.WEBHOOK, webhook_id, lock=True)
    if webhook is None:
        raise NotFound("no_such_webhook", f"there is no webhook {webhook_id}", field="webhook_id")
    if webhook.verified_at is None:
        raise Conflict("webhook_not_verified", "the webhook's endpoint has to be verified first", field="webhook_id")
    if not webhook.enabled:
        raise Conflict("webhook_disabled", "the webhook is switched off", field="webhook_id")


def _check_allowed(services: Services) -> None:
    if not services.settings.live_mode:
        raise Forbidden("live_not_allowed", "the operator does not allow live mode here (PAPERFLEET_LIVE_MODE)")


def _check_hours(services: Services, hours: int) -> None:
    most = services.settings.live_hours_max
    if not 1 <= hours <= most:
        raise InvalidInput("hours_out_of_range", f"hours must be 1 to {most}", field="hours", numbers={"most": most})


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
