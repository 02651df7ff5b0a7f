"""How far a trade went against its holder and for them while it was held: MAE and MFE, and profit in units of risk.

Judged on what is certain to have been traded while it was held: the prices of its fills, and the bars of every whole
minute between the entry's and the exit's. Those two minutes themselves tell nothing certain: an extreme there may lie
before the entry, or after the exit. So the excursions never depend on how soon a close was noticed.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.money import ZERO, ledger_amount
from services.domain.path import MINUTE, floor_minute
from services.domain.trade import Excursion, Trade

_R_STEP = Decimal("0.0001")


class Held(msgspec.Struct, frozen=True):
    """The whole minutes [begin, end) in which a closed trade was held all the time; empty where end <= begin."""

    begin: datetime
    end: datetime


def held(trade: Trade) -> Held:
    """The whole minutes between the entry's and the exit's."""
    assert trade.entry is not None
    assert trade.exit is not None
    return Held(floor_minute(trade.entry.time) + MINUTE, floor_minute(trade.exit.time))


def excursion(trade: Trade, low: Decimal | None, high: Decimal | None) -> Excursion:
    """MAE and MFE of a closed trade whose held minutes traded between `low` and `high`; None where nothing traded.

    mae = (worst price - entry) x side x quantity, mfe with the best price; both in USDT, before fees, for the whole
    quantity that was entered. mae <= 0 <= mfe. Source: Sweeney, Maximum Adverse Excursion (1997).
    """
    assert trade.entry is not None
    prices = [exit_.fill.price for exit_ in trade.exits]
    prices += [price for price in (low, high) if price is not None]
    moves = [(price - trade.entry.price) * trade.plan.direction.sign for price in prices]
    worst, best = min(ZERO, *moves), max(ZERO, *moves)
    return Excursion(ledger_amount(worst * trade.quantity), ledger_amount(best * trade.quantity))


def initial_risk(trade: Trade) -> Decimal | None:
    """What the plan's stop put at risk, in USDT before fees: |entry - stop| x quantity. None before the entry."""
    if trade.entry is None:
        return None
    return ledger_amount(abs(trade.entry.price - trade.plan.stop_loss) * trade.quantity)


def in_r(amount: Decimal | None, risk: Decimal | None) -> Decimal | None:
    """`amount` in USDT as a multiple of the initial `risk`; None where nothing was at risk.

    Source: Tharp, Trade Your Way to Financial Freedom (2007): R is the initial risk, profit is told in R.
    """
    return None if amount is None or not risk else (amount / risk).quantize(_R_STEP)
