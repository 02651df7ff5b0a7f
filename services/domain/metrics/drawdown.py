"""The maximum drawdown of the curve of realized profit on top of a capital."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.metrics.curve import Curve, Fall, Point
from services.domain.metrics.rounding import percent
from services.domain.money import ZERO


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """The deepest fall of the curve (in USDT) from a peak to a later point, the first of equal ones.

    amount    = peak - trough, in USDT
    percent   = 100 x amount / what there would have been at the trough without the fall (with no money coming or going
                meanwhile: what there was at the peak)
    start     when the peak was reached; null where the capital itself is the peak
    end       when the trough was reached
    recovery  when the curve was back at the peak; null where it never was

    Source: Magdon-Ismail and Atiya, Maximum Drawdown, Risk Magazine 17 (10), 2004.
    """

    amount: Decimal
    percent: Decimal | None
    start: datetime | None = None
    end: datetime | None = None
    recovery: datetime | None = None


def deepest(whole: Curve, first_entry: datetime | None) -> Fall | None:
    """The deepest fall of the curve, its begin (level 0, before the first trade) being a point of it."""
    if whole.low is None or first_entry is None:
        return None
    origin = Point(ZERO, first_entry, 0)
    return (Curve(ZERO, origin, origin) + whole).fall


def drawdown(fall: Fall | None, capital: Decimal, recovery: datetime | None = None) -> Drawdown:
    """The fall as it is told; `capital` is what the curve stands on at its trough, in USDT."""
    if fall is None:
        return Drawdown(amount=ZERO, percent=percent(0, max(capital, ZERO)))
    top = capital + fall.peak.level
    return Drawdown(
        amount=fall.amount,
        percent=percent(fall.amount, top) if top > 0 else None,
        start=fall.peak.time if fall.peak.id else None,
        end=fall.trough.time,
        recovery=recovery,
    )


def recovered_at(fall: Fall, level: Decimal, profits: Iterable[tuple[datetime, int, Decimal]]) -> datetime | None:
    """When the curve, at `level` before these trades, is first back at the fall's peak after its trough."""
    for time, id_, profit in profits:
        level += profit
        if level >= fall.peak.level and (time, id_) > (fall.trough.time, fall.trough.id):
            return time
    return None
