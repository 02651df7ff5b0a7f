"""Accounts: terms, balance, deposits. Balances otherwise move only in `services.db.settlement`."""

from decimal import Decimal

import msgspec

from services.db.pool import Connection
from services.domain.fees import FeeRates
from services.domain.fills import FillModel
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

    @property
    def free(self) -> Decimal:
        """What new trades may use."""
        return self.balance - self.reserved

    def fees(self, market: Market) -> FeeRates:
        """The account's rates on `market`."""
        return self.spot_fees if market is Market.SPOT else self.futures_fees


_SELECT = """
SELECT id, name, balance, reserved, spot_maker, spot_taker, futures_maker, futures_taker, fill_model FROM accounts
"""


async def load(connection: Connection, account_id: int) -> Account | None:
    """The account with this id."""
    rows = await (await connection.execute(_SELECT + " WHERE id = %s", [account_id])).fetchall()
    return _account(rows[0]) if rows else None


def _account(row: tuple[object, ...]) -> Account:
    id_, name, balance, reserved, spot_maker, spot_taker, futures_maker, futures_taker, fill_model = row
    return msgspec.convert(
        {
            "id": id_,
            "name": name,
            "balance": balance,
            "reserved": reserved,
            "spot_fees": {"maker": spot_maker, "taker": spot_taker},
            "futures_fees": {"maker": futures_maker, "taker": futures_taker},
            "fill_model": fill_model,
        },
        Account,
    )


async def ensure_owner(connection: Connection, deposit: Decimal) -> int:
    """The id of the local owner's account; at first start it is made, with `deposit` USDT booked on it."""
    await connection.execute("INSERT INTO users (name) VALUES ('local') ON CONFLICT DO NOTHING")
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
    found = await connection.execute(
        "SELECT a.id FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.name = 'local' AND a.name = 'main'"
    )
    known = await found.fetchone()
    assert known is not None
    return int(known[0])
