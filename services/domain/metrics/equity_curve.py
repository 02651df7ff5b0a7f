"""The curve of an account's equity, marked to market: its deepest fall, and what holding bitcoin would have made."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

import msgspec

from services.domain.metrics.drawdown import Drawdown
from services.domain.metrics.rounding import GROWN_MAX, percent
from services.domain.money import ZERO, ledger_amount


class Span(StrEnum):
    """How much time a sample stands for; minutes are kept for a week, hours for 400 days, days for ever."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """An account's equity in a minute, an hour or a day, in USDT.

    time         when that begins
    equity       the last one seen in it
    profit_low, profit_high
                 the lowest and highest equity seen in it, each less what had been deposited by then
    balance      what its ledger adds up to then
    deposits     what was ever given to it, less what was taken
    positions    its open trades then
    bitcoin      the last price of BTCUSDT on the spot market then; None where it was not known
    """

    time: datetime
    equity: Decimal
    profit_low: Decimal
    profit_high: Decimal
    balance: Decimal
    deposits: Decimal
    positions: int
    bitcoin: Decimal | None = None


def equity_drawdown(samples: Sequence[Sample]) -> Drawdown | None:
    """The deepest fall from a sample's highest equity to the lowest of a later one; None without samples.

    Deposits are no profit: it is the profit on them that falls. What fell and came back within one sample is not seen:
    shorter samples tell. percent and source: as `Drawdown`.
    """
    if not samples:
        return None
    peak = samples[0]
    fall, top, trough = ZERO, peak, 0
    for number, sample in enumerate(samples):
        if number and peak.profit_high - sample.profit_low > fall:
            fall, top, trough = peak.profit_high - sample.profit_low, peak, number
        if sample.profit_high > peak.profit_high:
            peak = sample
    capital = samples[trough].deposits + top.profit_high
    share = percent(fall, capital) if capital > 0 else None
    if fall == 0:
        return Drawdown(amount=ZERO, percent=share)
    later = (sample.time for sample in samples[trough + 1 :] if sample.profit_high >= top.profit_high)
    return Drawdown(amount=fall, percent=share, start=top.time, end=samples[trough].time, recovery=next(later, None))


def equity_return(samples: Sequence[Sample]) -> Decimal | None:
    """What money that was there from the first sample on has come to, in percent; None without a first one.

    100 x (product of all (1 + profit since the sample before / what it was made of) - 1). That is the equity of the
    sample before, and what was deposited since; what was taken since was there until then. The source is that of CAGR.
    """
    if not samples or samples[0].equity <= 0:
        return None
    grown = Decimal(1)
    for before, after in pairwise(samples):
        deposited = after.deposits - before.deposits
        made_of, profit = before.equity + max(deposited, ZERO), after.equity - before.equity - deposited
        if profit and made_of <= 0:
            return None
        if profit:
            grown *= 1 + profit / made_of
    return percent(grown - 1, 1) if grown < GROWN_MAX else None


def held_bitcoin(samples: Sequence[Sample]) -> list[Decimal | None]:
    """What the equity of the first sample with a price, put into bitcoin then, is worth at each sample, in USDT.

    Bought and never sold, without fees: equity x price / first price. None where the price is not known.
    """
    first = next((sample for sample in samples if sample.bitcoin), None)
    if first is None or first.bitcoin is None:
        return [None] * len(samples)
    units = first.equity / first.bitcoin
    return [None if sample.bitcoin is None else ledger_amount(units * sample.bitcoin) for sample in samples]
