"""What an answer of the exchange proves to be over: a node that lags behind must not make us miss prices.

A bar is final for certain when the same answer holds a later one. A pair that has not traded since gives no later
bar; its last minutes count as covered once they lie a while back.
"""

from datetime import datetime, timedelta

import msgspec

from services.domain.path import Path, floor_minute

LAG_MAX = timedelta(minutes=2)
"""No answer of the exchange is further behind its clock than this (exchange time)."""


def proven(path: Path, now: datetime) -> Path:
    """`path` cut to what is final at exchange time `now`. Its tail, asked for in any case, proves all of it."""
    if path.tail is not None:
        return path
    newest = path.bars[-1].open_time if path.bars else path.start
    end = min(path.end, max(newest, path.start, floor_minute(now - LAG_MAX)))
    return msgspec.structs.replace(path, end=end, bars=tuple(bar for bar in path.bars if bar.open_time < end))
