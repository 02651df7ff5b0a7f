"""Instruments: what can be traded, and the grid its prices and quantities live on."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


class Market(StrEnum):
    """The two markets. Both list a BTCUSDT, so nothing is ever keyed by symbol alone."""

    SPOT = "SPOT"
    FUTURES = "FUTURES"


class InstrumentStatus(StrEnum):
    """Whether an instrument takes new trades."""

    TRADING = "TRADING"
    SUSPENDED = "SUSPENDED"
    """Absent or halted at the exchange: no new trades, live ones wait."""
    DELISTED = "DELISTED"
    """Gone for good, on positive evidence only."""


class Filters(msgspec.Struct, frozen=True):
    """The exchange's grid for one instrument. A tick or step of 0 means no grid."""

    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    min_notional: Decimal


UNFILTERED = Filters(tick_size=Decimal(0), step_size=Decimal(0), min_quantity=Decimal(0), min_notional=Decimal(0))
"""For recordings that carry no exchangeInfo: nothing is rounded, nothing is too small."""


class Listing(msgspec.Struct, frozen=True):
    """An instrument as the exchange lists it, before it has an id of ours."""

    market: Market
    symbol: str
    base_asset: str
    filters: Filters


class Halt(msgspec.Struct, frozen=True):
    """A pair that is not traded: settled by the exchange at `settled_at`, or in BREAK, which may end (None)."""

    symbol: str
    settled_at: datetime | None = None


class Instrument(msgspec.Struct, frozen=True):
    """A tradable pair, quoted in USDT."""

    id: int
    market: Market
    symbol: str
    base_asset: str
    status: InstrumentStatus
    filters: Filters

    def __str__(self) -> str:
        return f"{self.market} {self.symbol}"


class Quote(msgspec.Struct, frozen=True):
    """Last price and best bid and ask of one instrument.

    `asked_at` is when the request was sent (this machine's clock, UTC): spot quotes carry no time of their own, so a
    quote's age is counted from there.
    """

    bid: Decimal
    ask: Decimal
    last: Decimal
    asked_at: datetime
