"""Accounts: balance, what is reserved, and the ledger."""

from typing import Annotated

import msgspec
from litestar import Router, get, patch
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.documentation import TERMS_EXAMPLES, problems
from api.parameters import Cursor, Limit, existing
from api.schemas import AccountView, Page
from services.db.ledger_list import LedgerEntry
from services.usecases.context import Services
from services.usecases.edit_account import Terms, edit_account
from services.usecases.read_accounts import Marked, list_accounts, read_account, read_ledger


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


@patch(
    "/{account_id:int}",
    dto=JsonBody[Terms],
    summary="Change an account's fees, fill model and limits",
    responses=problems(404, 422),
)
async def edit(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    data: Annotated[Terms, Body(examples=TERMS_EXAMPLES)],
) -> AccountView:
    """They hold for trades opened from now on; live ones keep the terms they were made under."""
    id_ = existing(account_id, "account")
    await edit_account(services, caller.account_ids, id_, data)
    return _view(await read_account(services, caller.account_ids, id_))


def _view(marked: Marked) -> AccountView:
    account, equity = marked
    return AccountView(
        id=account.id,
        name=account.name,
        balance=account.balance,
        reserved=account.reserved,
        free=account.free,
        unrealized_profit_loss=equity.unrealized,
        equity=equity.equity,
        fill_model=account.fill_model,
        spot_fees=account.spot_fees,
        futures_fees=account.futures_fees,
        **msgspec.structs.asdict(account.limits),
    )


router = Router("/accounts", route_handlers=[list_, read, edit, ledger], tags=["Accounts"])
