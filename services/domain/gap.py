"""Gaps: whether a stop has met a minute's first price, behind it, and fills there instead of at itself."""

from datetime import datetime

from services.domain.path import Bar
from services.domain.trade import Trade, TradeStatus


def stood(since: datetime, minute: Bar, first: Bar, bar: Bar) -> bool | None:
    """Whether a stop that stands `since` stood at the minute's first price; None where nothing tells.

    first  the first part of the minute that is known, or the minute itself
    bar    the part, or the minute, in which the stop is touched
    """
    begins = first.open == minute.open
    if since <= (first.open_time if begins else minute.open_time):
        return True
    is_told = begins and bar is not first
    return False if is_told or since > bar.close_time else None


def opens_beyond(trade: Trade, minute: Bar, *, falling: bool) -> bool:
    """Whether a fall (else a rise) touches an open trade's stop, and the minute's open lies behind that."""
    is_stop = trade.status is TradeStatus.OPEN and falling is trade.is_long
    return is_stop and (minute.open - trade.stop.price) * trade.plan.direction.sign < 0
