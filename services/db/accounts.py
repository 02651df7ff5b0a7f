"""Accounts: terms, balance, deposits. Balances otherwise move only in `services.db.settlement`."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db import caps
from services.db.pool import Connection
from services.domain.fees import FeeRates
from services.domain.fills import FillModel
from services.domain.limits import Limits
from services.domain.market import Market


class Account(msgspec.Struct, frozen=True):
    """An account in USDT. `balance` is the sum of its ledger, `reserved` what its live trades hold back."""

    id: int
    name: str
    balance: Decimal
    reserved: Decimal
    spot_fees: FeeRates
    futures_fees: FeeRates
    fill_model: FillModel
    limits: Limits

    @property
    def free(self) -> Decimal:
        """What new trades may use."""
        return self.balance - self.reserved

    def fees(self, market: Market) -> FeeRates:
        """The account's rates on `market`."""
        return self.spot_fees if market is Market.SPOT else self.futures_fees


_SELECT = """
SELECT id, name, balance, reserved, spot_maker, spot_taker, futures_maker, futures_taker, fill_model,
    max_open_trades, max_symbol_exposure, max_leverage FROM accounts
"""


async def load(connection: Connection, account_id: int, *, lock: bool = False) -> Account | None:
    """The account with this id; with `lock`, nobody else changes it until the transaction ends."""
    locking = " FOR NO KEY UPDATE" if lock else ""
    rows = await (await connection.execute(f"{_SELECT} WHERE id = %s{locking}", [account_id])).fetchall()
    return _account(rows[0]) if rows else None


async def load_many(connection: Connection, account_ids: Iterable[int], *, lock: bool = False) -> dict[int, Account]:
    """The accounts with these ids; with `lock`, taken in id order, as everybody takes them."""
    locking = " FOR NO KEY UPDATE" if lock else ""
    found = await connection.execute(f"{_SELECT} WHERE id = ANY(%s) ORDER BY id{locking}", [list(account_ids)])
    return {row[0]: _account(row) for row in await found.fetchall()}


async def set_terms(connection: Connection, account: Account) -> None:
    """Store an account's fees, fill model and limits; they hold for trades made from now on."""
    spot, futures, limits = account.spot_fees, account.futures_fees, account.limits
    await connection.execute(
        """UPDATE accounts SET spot_maker = %s, spot_taker = %s, futures_maker = %s, futures_taker = %s,
               fill_model = %s, max_open_trades = %s, max_symbol_exposure = %s, max_leverage = %s WHERE id = %s""",
        [
            *(spot.maker, spot.taker, futures.maker, futures.taker, account.fill_model),
            *(limits.max_open_trades, limits.max_symbol_exposure, limits.max_leverage, account.id),
        ],
    )


def _account(row: tuple[object, ...]) -> Account:
    id_, name, balance, reserved, spot_maker, spot_taker, futures_maker, futures_taker, fill_model, *limits = row
    return msgspec.convert(
        {
            "id": id_,
            "name": name,
            "balance": balance,
            "reserved": reserved,
            "spot_fees": {"maker": spot_maker, "taker": spot_taker},
            "futures_fees": {"maker": futures_maker, "taker": futures_taker},
            "fill_model": fill_model,
            "limits": dict(zip(Limits.__struct_fields__, limits, strict=True)),
        },
        Account,
    )


class Owner(msgspec.Struct, frozen=True):
    """A user with the account that they trade on unless they say otherwise."""

    user_id: int
    account_id: int


async def local_owner(connection: Connection) -> Owner | None:
    """The owner of this machine, made at first start; None before that."""
    found = await connection.execute(
        "SELECT u.id, a.id FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.name = 'local' AND a.name = 'main'"
    )
    row = await found.fetchone()
    return None if row is None else Owner(*row)


async def ensure_owner(connection: Connection, deposit: Decimal) -> int:
    """The id of the local owner's account; at first start it is made, with `deposit` USDT booked on it."""
    await connection.execute("INSERT INTO users (name, role) VALUES ('local', 'admin') ON CONFLICT DO NOTHING")
    made = await connection.execute(
        """INSERT INTO accounts (user_id, name, balance)
           SELECT id, 'main', %s FROM users WHERE name = 'local' ON CONFLICT DO NOTHING RETURNING id""",
        [deposit],
    )
    row = await made.fetchone()
    if row is not None:
        await connection.execute(
            "INSERT INTO ledger (account_id, kind, amount) VALUES (%s, 'deposit', %s)", [row[0], deposit]
        )
        return int(row[0])
    owner = await local_owner(connection)
    assert owner is not None
    return owner.account_id


async def ensure_public(connection: Connection, deposit: Decimal) -> None:
    """Make the public account if there is none, with `deposit` USDT. It belongs to a user nobody can sign in as."""
    await connection.execute("INSERT INTO users (name) VALUES ('public') ON CONFLICT DO NOTHING")
    made = await connection.execute(
        """INSERT INTO accounts (user_id, name, balance, is_public)
           SELECT id, 'public', %s, true FROM users WHERE name = 'public' ON CONFLICT DO NOTHING RETURNING id""",
        [deposit],
    )
    if (row := await made.fetchone()) is not None:
        await _book(connection, row[0], "deposit", deposit)


async def public(connection: Connection) -> int | None:
    """The public account, where there is one."""
    row = await (await connection.execute("SELECT id FROM accounts WHERE is_public")).fetchone()
    return None if row is None else int(row[0])


async def create(connection: Connection, user_id: int, name: str, deposit: Decimal) -> int | None:
    """The id of a new account with `deposit` USDT; None when the user has one of that name."""
    made = await connection.execute(
        "INSERT INTO accounts (user_id, name, balance) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
        [user_id, name, deposit],
    )
    if (row := await made.fetchone()) is None:
        return None
    await _book(connection, row[0], "deposit", deposit)
    return int(row[0])


async def count(connection: Connection, user_id: int) -> int:
    """How many accounts the user has; others who would add one wait until this transaction ends."""
    return await caps.count(connection, user_id, "SELECT count(*) FROM accounts WHERE user_id = %s", [user_id])


async def rename(connection: Connection, account_id: int, name: str) -> bool:
    """Give the account another name; False when its user has one of that name."""
    taken = await connection.execute(
        """SELECT FROM accounts a JOIN accounts o ON o.user_id = a.user_id AND o.id <> a.id AND o.name = %s
           WHERE a.id = %s""",
        [name, account_id],
    )
    if taken.rowcount:
        return False
    await connection.execute("UPDATE accounts SET name = %s WHERE id = %s", [name, account_id])
    return True


async def book(
    connection: Connection, account_id: int, kind: str, amount: Decimal, exchange_time: datetime | None
) -> None:
    """Book a deposit or a reset: a ledger row, and the balance that the ledger adds up to."""
    await _book(connection, account_id, kind, amount, exchange_time)
    await connection.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", [amount, account_id])


async def _book(
    connection: Connection, account_id: int, kind: str, amount: Decimal, exchange_time: datetime | None = None
) -> None:
    await connection.execute(
        "INSERT INTO ledger (account_id, kind, amount, exchange_time) VALUES (%s, %s, %s, %s)",
        [account_id, kind, amount, exchange_time],
    )


async def announce(
    connection: Connection, account_id: int, action: str, payload: bytes, *, type_: str = "account"
) -> str:
    """Add an event of the account itself to its stream, as the last thing before COMMIT; the stream's name."""
    await connection.execute(
        """WITH moved AS (UPDATE accounts SET event_seq = event_seq + 1 WHERE id = %s RETURNING id, event_seq)
           INSERT INTO events (stream, seq, created_at, type, action, payload)
           SELECT 'a' || id, event_seq, clock_timestamp(), %s, %s, %s::json FROM moved""",
        [account_id, type_, action, payload.decode()],
    )
    return f"a{account_id}"


async def first(connection: Connection, user_id: int) -> int | None:
    """The account in whose stream its owner is told of what concerns no single account."""
    cursor = await connection.execute("SELECT min(id) FROM accounts WHERE user_id = %s", [user_id])
    row = await cursor.fetchone()
    return None if row is None else row[0]
