"""Candles as numpy sees them: one array a column."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from services.domain.candles import Candle

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_RECORD = np.dtype([(name, ">i8" if name == "time" else ">f8") for name in ("time", *"ohlcv")])


@dataclass(frozen=True, eq=False)
class Candles:
    """Closed candles of one pair and timeframe, ascending; halts of the exchange leave gaps.

    `open_time` in ms since the epoch, prices in USDT, volume in the base asset.
    """

    open_time: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def from_bytes(cls, records: bytes) -> "Candles":
        """From big-endian records of an int64 time in ms and five doubles, as the database sends them."""
        rows = np.frombuffer(records, _RECORD)
        return cls(rows["time"].astype(np.int64), *_five([rows[name].astype(np.float64) for name in "ohlcv"]))

    @classmethod
    def of(cls, candles: Sequence[Candle]) -> "Candles":
        """From the domain's candles."""
        columns: list[Floats] = [
            np.array([float(getattr(each, name)) for each in candles], np.float64)
            for name in ("open", "high", "low", "close", "volume")
        ]
        return cls(np.array([round(each.open_time.timestamp() * 1000) for each in candles], np.int64), *_five(columns))

    def __len__(self) -> int:
        return len(self.open_time)

    def head(self, count: int) -> "Candles":
        """The first `count` of them."""
        return self._cut(slice(count))

    def tail(self, count: int) -> "Candles":
        """The last `count` of them."""
        return self._cut(slice(max(len(self) - count, 0), None))

    def time(self, index: int) -> datetime:
        """When the candle at `index` opened, UTC."""
        return datetime.fromtimestamp(int(self.open_time[index]) / 1000, UTC)

    def _cut(self, part: slice) -> "Candles":
        prices = (self.open, self.high, self.low, self.close, self.volume)
        return Candles(self.open_time[part], *_five([column[part] for column in prices]))


def _five(columns: Sequence[Floats]) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    open_, high, low, close, volume = columns
    return open_, high, low, close, volume
