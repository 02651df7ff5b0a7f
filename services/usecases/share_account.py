"""Public links: share one account's performance with whoever holds the link."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from services.db import public_links
from services.db.public_links import PublicLink
from services.domain.credentials import digest
from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.metrics.scope import Scope
from services.usecases.context import Services
from services.usecases.once import Done, once, shown_once
from services.usecases.passwords import random_token
from services.usecases.performance import Performance, last_days, performance
from services.usecases.sign_in import check_name

DAYS_MAX = 3650
LINKS_MAX = 50


class NewLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the link is called, and for how many days it holds; null is until it is revoked."""

    name: str
    days: int | None = None


class LinkMade(PublicLink, frozen=True, kw_only=True):
    """A link with its token, which is shown this once; null when the request is repeated."""

    token: str | None


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows."""

    account: str
    performance: Performance


async def list_links(
    services: Services, account_ids: Sequence[int], account_id: int, limit: int, before: int | None
) -> tuple[list[PublicLink], int | None]:
    """At most `limit` links of the account, newest first, and where the next page starts. Raises NotFound."""
    _check_owned(account_ids, account_id)
    async with services.pool.connection() as connection:
        found = await public_links.page(connection, account_id, limit + 1, before)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


async def share(
    services: Services, user_id: int, account_ids: Sequence[int], account_id: int, wish: NewLink, key: str | None
) -> Done:
    """A new link to the account's performance. Raises NotFound, InvalidInput, Conflict."""
    _check_owned(account_ids, account_id)
    check_name(wish.name, "name")
    if wish.days is not None and not 1 <= wish.days <= DAYS_MAX:
        raise InvalidInput("days_out_of_range", f"days must be 1 to {DAYS_MAX}, or null", field="days")
    expires = None if wish.days is None else datetime.now(UTC) + timedelta(days=wish.days)
    token = random_token()
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            if await public_links.count(connection, user_id) >= LINKS_MAX:
                raise Conflict("too_many_links", f"a user may hold {LINKS_MAX} links: revoke one first")
            made = await public_links.create(connection, account_id, digest(token), wish.name, expires)
            return msgspec.json.encode(LinkMade(**msgspec.structs.asdict(made), token=None))

        done = await once(connection, f"link:{account_id}", key, wish, work)
    return done if done.repeated else Done(shown_once(done.body, token=token))


async def unshare(services: Services, account_ids: Sequence[int], account_id: int, link_id: int) -> None:
    """The link holds no longer. Raises NotFound."""
    _check_owned(account_ids, account_id)
    async with services.pool.connection() as connection:
        if not await public_links.revoke(connection, account_id, link_id):
            raise NotFound("no_such_link", f"there is no link {link_id}", field="id")


async def shared_performance(services: Services, token: str, days: int | None) -> Shared:
    """What the link shows. Raises NotFound if it does not hold."""
    system = services.as_system()
    async with system.pool.connection() as connection:
        found = await public_links.account_of(connection, digest(token))
    if found is None:
        raise NotFound("no_such_link", "this link is unknown, revoked or too old")
    account_id, name = found
    since = None if days is None else await last_days(services, days)
    return Shared(account=name, performance=await performance(system, Scope(account_ids=(account_id,), since=since)))


def _check_owned(account_ids: Sequence[int], account_id: int) -> None:
    if account_id not in account_ids:
        raise NotFound("no_such_account", f"there is no account {account_id}", field="id")
