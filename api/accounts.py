"""Accounts: open, name, fund and reset them; balance, what is reserved, and the ledger."""

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import Body, FromPath

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.documentation import (
    DEPOSIT_EXAMPLES,
    NEW_ACCOUNT_EXAMPLES,
    RESET_EXAMPLES,
    TERMS_EXAMPLES,
    answered,
    problems,
)
from api.examples import accounts
from api.parameters import Cursor, IdempotencyKey, Limit, checked_key, existing
from api.schemas import AccountView, Page, created, made
from services.db.ledger_list import LedgerEntry
from services.domain.mode import Mode
from services.usecases import manage_accounts as usecase
from services.usecases.context import Services
from services.usecases.edit_account import Terms, edit_account
from services.usecases.identify import Identifier
from services.usecases.manage_accounts import Deposit, Holdings, NewAccount, Reset
from services.usecases.read_accounts import Marked, list_accounts, read_account, read_ledger

NO_RESET = Reset()


def _booked(example: dict[str, Any]) -> dict[int, ResponseSpec]:
    return made(Holdings, "Done; the account as it stands now.", example)


@get("/", summary="List accounts", opt={"access": "public"})
async def list_(services: NamedDependency[Services], caller: NamedDependency[Caller]) -> Page[AccountView]:
    """The caller's own."""
    return Page([_view(account) for account in await list_accounts(services, caller.listed())], None)


@get("/{account_id:int}", opt={"access": "public"}, summary="Read an account", responses=problems(404))
async def read(
    services: NamedDependency[Services], caller: NamedDependency[Caller], account_id: FromPath[int]
) -> AccountView:
    """Balance, what live trades hold back, and what is free."""
    return _view(await read_account(services, caller.readable_ids, existing(account_id, "account")))


@get(
    "/{account_id:int}/ledger",
    opt={"access": "public"},
    summary="List an account's bookings, newest first",
    responses=problems(404, 422),
)
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
    entries, following = await read_ledger(services, caller.readable_ids, id_, limit, before)
    return Page(entries, cursors.encode(following))


@patch(
    "/{account_id:int}",
    dto=JsonBody[Terms],
    summary="Change an account's name, fees, fill model and limits",
    responses={
        200: answered(AccountView, "The account under its new terms.", accounts.LIMITED, accounts.HARSH),
        **problems(401, 403, 404, 409, 422),
    },
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


@post(
    "/",
    dto=JsonBody[NewAccount],
    summary="Open an account",
    responses={**_booked(accounts.HOLDINGS), **problems(401, 403, 409, 422)},
)
async def open_(
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    caller: NamedDependency[Caller],
    data: Annotated[NewAccount, Body(examples=NEW_ACCOUNT_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Another one of the caller's, with a first deposit."""
    done = await usecase.open_account(services, caller.user_id, data, checked_key(idempotency_key))
    identifier.forget()
    return created(done)


@post(
    "/{account_id:int}/deposits",
    dto=JsonBody[Deposit],
    summary="Deposit",
    responses={**_booked(accounts.DEPOSITED), **problems(401, 403, 404, 409, 422)},
)
async def deposit(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    data: Annotated[Deposit, Body(examples=DEPOSIT_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """A booking in the ledger, and an `account` event."""
    id_, key = existing(account_id, "account"), checked_key(idempotency_key)
    return created(await usecase.deposit(services, caller.account_ids, id_, data, key))


@post(
    "/{account_id:int}/reset",
    dto=JsonBody[Reset],
    summary="Start over",
    responses={**_booked(accounts.START_OVER), **problems(401, 403, 404, 409, 422)},
)
async def reset(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    data: Annotated[Reset, Body(examples=RESET_EXAMPLES)] = NO_RESET,
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """One booking brings the balance to what is asked for; nothing is erased. Refused while trades are live."""
    id_, key = existing(account_id, "account"), checked_key(idempotency_key)
    return created(await usecase.reset_account(services, caller.account_ids, id_, data, key))


def _view(marked: Marked) -> AccountView:
    account, equity, live = marked
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
        mode=Mode.LIVE if live else Mode.PAPER,
        live_until=live.live_until if live else None,
        **msgspec.structs.asdict(account.limits),
    )


router = Router("/accounts", route_handlers=[list_, open_, read, edit, ledger, deposit, reset], tags=["Accounts"])
