"""Liquidation: what a minute of the mark price does to a position, beside what the last price did to it meanwhile.

Nothing finer than its minute is to be had of the mark price, so its order against the last price is settled by rule: an
open beyond the liquidation price comes first; a stop touched in the minute lies before the liquidation price, so it
comes before it; where anything else happened in the minute that may have come later, the liquidation is assumed to
have come first. The latter two are flagged `ambiguous`.
"""

from decimal import Decimal
from enum import Enum

from services.domain.path import Bar
from services.domain.trade import STOPS, Trade, TradeStatus


class Verdict(Enum):
    """What the mark price does to a trade that the last price has judged."""

    NOTHING = 0
    CERTAIN = 1
    """It is liquidated as it stands."""
    ASSUMED = 2
    """It is liquidated as it stood before, or at its entry: an assumption."""
    STOPPED = 3
    """Its stop came first: an assumption."""


def opens_beyond(trade: Trade, mark: Bar) -> bool:
    """Whether an open trade that was there before the minute is liquidated at its first instant."""
    price = trade.liquidation_price
    if price is None or trade.status is not TradeStatus.OPEN or trade.active_from > mark.open_time:
        return False
    return (mark.open - price) * trade.plan.direction.sign <= 0


def reaches(trade: Trade, price: Decimal | None, mark: Bar) -> bool:
    """Whether the mark price reached `price`, the liquidation price of the trade as it is or will be entered."""
    return price is not None and (mark.low <= price if trade.is_long else mark.high >= price)


def verdict(before: Trade, after: Trade, mark: Bar) -> Verdict:
    """What one minute of the mark price does; `before` and `after` it the last price made of the trade.

    `mark` does not open beyond the liquidation price of a trade that was open then.
    """
    if after.entry is None or not reaches(before, before.liquidation_price, mark):
        return Verdict.NOTHING
    inside = [each.reason for each in after.exits[len(before.exits) :] if each.fill.time > mark.open_time]
    if inside:
        return Verdict.STOPPED if len(inside) == 1 and inside[0] in STOPS else Verdict.ASSUMED
    price = after.liquidation_price
    if price is None or not reaches(after, price, mark):
        return Verdict.NOTHING  # it ended at the minute's open, or what is left is farther away
    was_there = before.status is TradeStatus.OPEN and before.active_from <= mark.open_time
    closes_beyond = (mark.close - price) * after.plan.direction.sign <= 0
    return Verdict.CERTAIN if was_there or closes_beyond else Verdict.ASSUMED
