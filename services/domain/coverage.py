"""What an answer of the exchange proves to be over: a node that lags behind must not make us miss prices.

A bar is final for certain when the same answer holds a later one. A pair that has not traded since gives no later
bar; its last minutes count as covered once they lie a while back.
"""

from datetime import datetime, timedelta

import msgspec

from services.domain.path import Path, floor_minute

LAG_MAX = timedelta(minutes=15)
"""No answer of the exchange is further behind its clock than this (exchange time).

The exchange tells of every minute of a pair that trades, traded in or not, so that this waits only where a pair is
halted, and where the feed is frozen: shorter, it would call minutes silent that a frozen node has not told of.
"""


def proven(path: Path, newest: datetime | None, now: datetime) -> Path:
    """`path` cut to what is final at exchange time `now`.

    `newest` is the newest minute that the answer told of, traded or not: all before it is final.
    """
    told = max(newest or path.start, path.start)
    end = min(path.end, max(told, floor_minute(now - LAG_MAX)))
    if end == path.end:
        return path
    return msgspec.structs.replace(path.until(end), tail=None, mark_tail=None)
