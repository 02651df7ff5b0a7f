"""Read accounts: what they hold, and the ledger that adds up to it."""

from collections.abc import Sequence
from typing import NamedTuple

from services.db import accounts, ledger_list, modes
from services.db.accounts import Account
from services.db.ledger_list import LedgerEntry
from services.db.modes import Live
from services.domain.equity import Equity
from services.domain.errors import NotFound
from services.usecases.context import Services
from services.usecases.equity import equity_of


class Marked(NamedTuple):
    """An account, its equity at the last quotes, and since when it is live, if it is."""

    account: Account
    equity: Equity
    live: Live | None


async def list_accounts(services: Services, account_ids: Sequence[int]) -> list[Marked]:
    """These accounts, by id."""
    async with services.pool.connection() as connection:
        found = [await accounts.load(connection, id_) for id_ in sorted(account_ids)]
        live = await modes.live(connection, account_ids)
        return [
            Marked(account, await equity_of(services, connection, account), live.get(account.id))
            for account in found
            if account is not None
        ]


async def read_account(services: Services, account_ids: Sequence[int], account_id: int) -> Marked:
    """One of these accounts. Raises NotFound for any other."""
    found = await list_accounts(services, [account_id]) if account_id in account_ids else []
    if not found:
        raise _not_found(account_id)
    return found[0]


async def read_ledger(
    services: Services, account_ids: Sequence[int], account_id: int, limit: int, before: int | None = None
) -> tuple[list[LedgerEntry], int | None]:
    """At most `limit` bookings, newest first, and where the next page starts. Raises NotFound."""
    if account_id not in account_ids:
        raise _not_found(account_id)
    async with services.pool.connection() as connection:
        found = await ledger_list.page(connection, account_id, limit + 1, before)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def _not_found(account_id: int) -> NotFound:
    return NotFound("no_such_account", f"there is no account {account_id}", field="id")
