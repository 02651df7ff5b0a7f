"""Accounts, their bookings, and the keys that reach them."""

from datetime import datetime
from decimal import Decimal

import msgspec


class FeeRates(msgspec.Struct, frozen=True):
    """Fees as fractions of the notional."""

    maker: Decimal
    taker: Decimal


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account in USDT; free = balance - reserved, equity = balance + unrealized_profit_loss. None is no limit."""

    id: int
    name: str
    mode: str
    live_until: datetime | None
    currency: str
    balance: Decimal
    reserved: Decimal
    free: Decimal
    unrealized_profit_loss: Decimal
    equity: Decimal
    fill_model: str
    spot_fees: FeeRates
    futures_fees: FeeRates
    max_open_trades: int | None
    max_symbol_exposure: Decimal | None
    max_leverage: int | None


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds after a booking, in USDT."""

    id: int
    name: str
    balance: Decimal
    reserved: Decimal
    free: Decimal


class Booking(msgspec.Struct, frozen=True):
    """One booking in USDT; positive raised the balance."""

    id: int
    kind: str
    trade_id: int | None
    amount: Decimal
    booked_at: datetime


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key without its secret; `key_id` is its readable part."""

    id: int
    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKey(Key, frozen=True, kw_only=True):
    """A key and its text, which is shown this once; None when a request is repeated."""

    key: str | None


class Ticket(msgspec.Struct, frozen=True):
    """Opens one event stream within so many seconds, for a reader that can send no header."""

    ticket: str
    seconds: int
