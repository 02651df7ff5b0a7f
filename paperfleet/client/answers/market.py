"""Pairs, prices, candles; the state of the system."""

from datetime import datetime
from decimal import Decimal
from typing import Any

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


class Lag(msgspec.Struct, frozen=True):
    """How far a pair's judged path is behind the exchange's present, in its seconds."""

    market_type: str
    symbol: str
    judged_to: datetime
    seconds: float


class Usage(msgspec.Struct, frozen=True):
    """The request weight used now, and the limit."""

    used: int
    limit: int


class Halt(msgspec.Struct, frozen=True):
    """Something stopped: the fleet, or new trades."""

    what: str
    reason: str
    by_whom: str
    since: datetime


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A living process of the fleet."""

    kind: str
    host: str
    pid: int
    started_at: datetime


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """What is stopped and who is alive; the rest as the API's own schema names it."""

    halts: tuple[Halt, ...]
    processes: tuple[Process, ...] = ()
    queues: tuple[dict[str, Any], ...] = ()


class System(msgspec.Struct, frozen=True, kw_only=True):
    """The system in numbers, over all accounts; None is not known now."""

    epoch: str
    pairs: int
    cycle_slot: datetime | None
    cycle_seconds: float | None
    open_trades: int
    pending_trades: int
    closed_tp: int
    closed_sl: int
    held_trades: int
    trades: dict[str, int]
    lag_seconds: float | None
    lag: tuple[Lag, ...]
    weight: dict[str, Usage]
    ambiguous_share: float | None
    fleet: Fleet
