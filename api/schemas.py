"""What the API sends and takes, where it is not the library's own structs."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec
from litestar import Response
from litestar.openapi import ResponseSpec

from api.documentation import answered
from services.domain.fees import FeeRates
from services.domain.fills import FillModel
from services.domain.market import InstrumentStatus, Market
from services.domain.mode import Mode
from services.domain.plan import Target
from services.usecases.once import Done

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list. `next` is the cursor of the next one, null at the end; only that ends a list."""

    results: list[T]
    next: str | None


def created(done: Done) -> Response[bytes]:
    """The answer to a request that makes something: 201, or 200 when its Idempotency-Key was seen before."""
    return Response(done.body, status_code=200 if done.repeated else 201, media_type="application/json")


def made(kind: type, description: str, example: Mapping[str, object], *, once: str = "") -> dict[int, ResponseSpec]:
    """The documented answers of what `created` answers; one that is repeated has null for what is shown `once`."""
    again = {**example, once: None} if once else example
    return {
        200: answered(kind, "Done before with this Idempotency-Key.", again),
        201: answered(kind, description, example),
    }


class EditTrade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where stop and targets shall be, and the note; what is absent stays.

    One `take_profit`, or `take_profits` with fractions of what remains, in place of those that have not filled.
    """

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    take_profits: tuple[Target, ...] | None = None
    notes: str | None = None


class CloseTrade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`current_price` is a guard: further than 1 % from the market, the close is refused.

    `fraction` closes a part of what remains; without it, all of it.
    """

    fraction: Decimal | None = None
    current_price: Decimal | None = None


ANYHOW = CloseTrade()


class InstrumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A pair that can be traded, and its grid. A tick or step of 0 means no grid."""

    instrument_id: int
    market_type: Market
    symbol: str
    base_asset: str
    quote_asset: str = "USDT"
    status: InstrumentStatus
    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    min_notional: Decimal


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account in USDT.

    `balance` is its ledger's sum, `reserved` what live trades hold back, `free` the rest. `unrealized_profit_loss` is
    what its open positions would bring at bid or ask now, before their exit fees; `equity` = balance + that.
    Fee rates are fractions; a limit of null is none. In `live` mode, until `live_until`, new signals are also handed to
    the owner's own executor.
    """

    id: int
    name: str
    mode: Mode
    live_until: datetime | None
    currency: str = "USDT"
    balance: Decimal
    reserved: Decimal
    free: Decimal
    unrealized_profit_loss: Decimal
    equity: Decimal
    fill_model: FillModel
    spot_fees: FeeRates
    futures_fees: FeeRates
    max_open_trades: int | None
    max_symbol_exposure: Decimal | None
    max_leverage: int | None
