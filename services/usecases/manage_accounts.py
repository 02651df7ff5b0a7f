"""Accounts: open another one, deposit, reset. Money is booked in the ledger and told to the account's stream."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.coordination import doorbell
from services.db import accounts
from services.db.accounts import Account
from services.db.pool import Connection
from services.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from services.usecases.context import Services
from services.usecases.once import Done, once
from services.usecases.sign_in import ACCESS_BELL, check_name

ACCOUNTS_MAX = 20
MONEY_MAX = Decimal("1e12")
MONEY_STEP = Decimal("0.00000001")


class NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name that none of the user's accounts has, and the first deposit in USDT; null is the usual one."""

    name: str
    starting_balance: Decimal | None = None


class Deposit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much comes in, in USDT."""

    amount: Decimal


class Reset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The balance to start over with, in USDT; null is the usual one."""

    balance: Decimal | None = None


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """An account in a few figures, in USDT. `balance` is its ledger's sum, `reserved` what live trades hold back."""

    id: int
    name: str
    balance: Decimal
    reserved: Decimal
    free: Decimal


class AccountEvent(msgspec.Struct, frozen=True):
    """What is told of an account: created, deposited or reset."""

    action: str
    account: Holdings
    type: str = "account"


async def open_account(services: Services, user_id: int, wish: NewAccount, key: str | None) -> Done:
    """Another account of the user. Raises InvalidInput, Conflict."""
    check_name(wish.name, "name")
    start = services.settings.starting_balance if wish.starting_balance is None else wish.starting_balance
    _check_money(start, "starting_balance", least=Decimal(0))
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            if await accounts.count(connection, user_id) >= ACCOUNTS_MAX:
                raise Conflict("too_many_accounts", f"a user may have {ACCOUNTS_MAX} accounts")
            id_ = await accounts.create(connection, user_id, wish.name, start)
            if id_ is None:
                raise Conflict("name_taken", f"there is an account {wish.name!r} already", field="name")
            return await _told(connection, id_, "created")

        done = await once(connection, f"account:{user_id}", key, wish, work)
    await doorbell.ring(services.redis, [ACCESS_BELL])
    return done


async def deposit(
    services: Services, account_ids: Sequence[int], account_id: int, wish: Deposit, key: str | None
) -> Done:
    """More money. Raises NotFound, InvalidInput, Conflict."""
    _check_money(wish.amount, "amount", least=MONEY_STEP)
    _check_owned(account_ids, account_id)
    now = await _exchange_time(services)
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            account = await accounts.load(connection, account_id, lock=True)
            assert account is not None
            if account.balance + wish.amount > MONEY_MAX:
                raise Conflict("balance_too_large", f"an account holds {MONEY_MAX:f} USDT at most", field="amount")
            await accounts.book(connection, account_id, "deposit", wish.amount, now)
            return await _told(connection, account_id, "deposited")

        done = await once(connection, f"deposit:{account_id}", key, wish, work)
    await doorbell.ring(services.redis, [f"a{account_id}"])
    return done


async def reset_account(
    services: Services, account_ids: Sequence[int], account_id: int, wish: Reset, key: str | None
) -> Done:
    """Start over: one ledger row brings the balance to what is asked for. Raises NotFound, InvalidInput, Conflict."""
    target = services.settings.starting_balance if wish.balance is None else wish.balance
    _check_money(target, "balance", least=Decimal(0))
    _check_owned(account_ids, account_id)
    now = await _exchange_time(services)
    async with services.pool.connection() as connection:

        async def work() -> bytes:
            account = await accounts.load(connection, account_id, lock=True)
            assert account is not None
            if account.reserved != 0:
                raise Conflict(
                    "live_trades",
                    "close or cancel the live trades first: they hold back money of this balance",
                    numbers={"reserved": account.reserved},
                )
            await accounts.book(connection, account_id, "reset", target - account.balance, now)
            return await _told(connection, account_id, "reset")

        done = await once(connection, f"reset:{account_id}", key, wish, work)
    await doorbell.ring(services.redis, [f"a{account_id}"])
    return done


async def _exchange_time(services: Services) -> datetime | None:
    """None where the exchange cannot be asked: money comes and goes all the same."""
    try:
        return await services.clock.latest()
    except Unavailable:
        return None


async def _told(connection: Connection, account_id: int, action: str) -> bytes:
    account = await accounts.load(connection, account_id)
    assert account is not None
    shown = _holdings(account)
    await accounts.announce(connection, account_id, action, msgspec.json.encode(AccountEvent(action, shown)))
    return msgspec.json.encode(shown)


def _holdings(account: Account) -> Holdings:
    return Holdings(
        id=account.id, name=account.name, balance=account.balance, reserved=account.reserved, free=account.free
    )


def _check_money(amount: Decimal, field: str, *, least: Decimal) -> None:
    if not (amount.is_finite() and least <= amount <= MONEY_MAX and amount == amount.quantize(MONEY_STEP)):
        rule = f"{field} must be {least:f} to {MONEY_MAX:f} USDT, with 8 decimal places at most"
        raise InvalidInput("amount_out_of_range", rule, field=field)


def _check_owned(account_ids: Sequence[int], account_id: int) -> None:
    if account_id not in account_ids:
        raise NotFound("no_such_account", f"there is no account {account_id}", field="id")
