"""Candles of any timeframe: what charts show and what the scanner computes on. Trades are judged on minutes alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Timeframe(StrEnum):
    """The exchange's intervals of fixed length from a minute to a day; each divides the day."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"

    @property
    def length(self) -> timedelta:
        """How long one candle lasts."""
        return timedelta(**{_UNITS[self[-1]]: int(self[:-1])})

    def floor(self, time: datetime) -> datetime:
        """The begin of the candle that `time` lies in; candles are aligned to the epoch, in UTC."""
        return time - (time - _EPOCH) % self.length


class Candle(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Prices in USDT and the volume in the base asset, traded in [open_time, open_time + length)."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
