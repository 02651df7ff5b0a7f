"""Accounts: balance, what is reserved, and the ledger."""

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api import cursors
from api.access import Caller
from api.documentation import problems
from api.parameters import Cursor, Limit, existing
from api.schemas import AccountView, Page
from services.db.accounts import Account
from services.db.ledger_list import LedgerEntry
from services.usecases.context import Services
from services.usecases.read_accounts import list_accounts, read_account, read_ledger


@get("/", summary="List accounts")
async def list_(services: NamedDependency[Services], caller: NamedDependency[Caller]) -> Page[AccountView]:
    """The caller's own."""
    return Page([_view(account) for account in await list_accounts(services, caller.account_ids)], None)


@get("/{account_id:int}", summary="Read an account", responses=problems(404))
async def read(
    services: NamedDependency[Services], caller: NamedDependency[Caller], account_id: FromPath[int]
) -> AccountView:
    """Balance, what live trades hold back, and what is free."""
    return _view(await read_account(services, caller.account_ids, existing(account_id, "account")))


@get("/{account_id:int}/ledger", summary="List an account's bookings, newest first", responses=problems(404, 422))
async def ledger(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LedgerEntry]:
    """Append-only; the balance is the sum of all amounts."""
    before = cursors.decode(cursor, int)
    id_ = existing(account_id, "account")
    entries, following = await read_ledger(services, caller.account_ids, id_, limit, before)
    return Page(entries, cursors.encode(following))


def _view(account: Account) -> AccountView:
    return AccountView(
        id=account.id,
        name=account.name,
        balance=account.balance,
        reserved=account.reserved,
        free=account.free,
        fill_model=account.fill_model,
    )


router = Router("/accounts", route_handlers=[list_, read, ledger], tags=["Accounts"])
