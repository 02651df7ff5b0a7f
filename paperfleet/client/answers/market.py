"""Pairs, prices, candles."""

from datetime import datetime
from decimal import Decimal

import msgspec


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A pair and its grid; a tick or step of 0 is no grid."""

    instrument_id: int
    market_type: str
    symbol: str
    base_asset: str
    quote_asset: str
    status: str
    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    min_notional: Decimal


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The last quote of a pair, in USDT."""

    market_type: str
    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    asked_at: datetime
    age_seconds: float


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """One candle in USDT, volume in the base asset."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    is_closed: bool


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The candles of one pair, ascending."""

    market_type: str
    symbol: str
    interval: str
    candles: tuple[Candle, ...]


class DayCourse(msgspec.Struct, frozen=True):
    """What a pair traded at, each full hour of the last day, oldest first; USDT, None where it is not known."""

    market_type: str
    symbol: str
    prices: tuple[Decimal | None, ...]
