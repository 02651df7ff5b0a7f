"""Maintenance brackets of futures: how much margin a position must keep, and the mark price at which it no longer does.

Isolated margin, one-way mode, one position.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from services.domain.money import ledger_amount
from services.domain.plan import Direction


class Bracket(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Terms of positions worth more than `floor` up to `cap` USDT (at the mark price).

    rate          maintenance margin as a fraction of the notional
    deduction     what is taken off that, in USDT ("cum"), so that the requirement has no jumps between brackets
    leverage_max  the highest leverage at which such a position may be opened
    """

    floor: Decimal
    cap: Decimal
    rate: Decimal
    deduction: Decimal
    leverage_max: int


Brackets = tuple[Bracket, ...]
"""Ascending and without gaps; empty where there is no liquidation (spot)."""


def bracket_of(brackets: Sequence[Bracket], notional: Decimal) -> Bracket:
    """The bracket that a position worth `notional` lies in; beyond the last cap, the last one."""
    return next((each for each in brackets if notional <= each.cap), brackets[-1])


def reachable(brackets: Brackets, notional: Decimal) -> Brackets:
    """Those brackets that a position of `notional` at its entry can be in when it is liquidated.

    A SHORT without leverage is liquidated near twice its entry price, every other position nearer to its entry.
    """
    return tuple(each for each in brackets if each.floor <= 2 * notional)


def maintenance(bracket: Bracket, notional: Decimal) -> Decimal:
    """The margin in USDT that a position worth `notional` must keep: notional x rate - deduction."""
    return notional * bracket.rate - bracket.deduction


def liquidation_price(
    direction: Direction, entry: Decimal, quantity: Decimal, wallet: Decimal, brackets: Brackets
) -> Decimal | None:
    """The mark price at which `wallet` + profit equals the maintenance margin; None where no price does that.

        LP = (wallet + cum - side x quantity x entry) / (quantity x rate - side x quantity)

    with side = +1 for LONG and -1 for SHORT, `rate` and `cum` of the bracket in which the position lies at LP
    (Binance, "How to calculate liquidation price of USDT-M futures contracts"). `wallet` is the isolated margin, USDT.
    """
    side = direction.sign
    at_entry = bracket_of(brackets, quantity * entry)
    # From the entry's bracket towards the one at LP: profit and requirement are continuous, so one of them agrees.
    ordered = sorted(brackets, key=lambda each: abs(each.floor - at_entry.floor))
    for bracket in ordered:
        price = (wallet + bracket.deduction - side * quantity * entry) / (quantity * bracket.rate - side * quantity)
        if price > 0 and bracket_of(brackets, quantity * price) is bracket:
            return ledger_amount(price) or None
    return None
