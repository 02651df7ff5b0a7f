"""What the signals of a source came to, with what is uncertain about it; the formulas are in docs/metrics.md."""

from datetime import datetime
from decimal import Decimal

import msgspec

from paperfleet.client.answers.figures import Figures


class Interval(msgspec.Struct, frozen=True):
    """A 95 % confidence interval."""

    low: Decimal
    high: Decimal


class CardLine(Figures, frozen=True, kw_only=True):
    """The figures of the trades that share `key`; `small_sample` where they are too few to tell anything."""

    key: str
    small_sample: bool
    win_rate_interval: Interval | None
    expectancy_interval: Interval | None


class CurvePoint(msgspec.Struct, frozen=True):
    """What the closed trades had brought in all up to `at`, in USDT."""

    at: datetime
    profit_loss: Decimal


class Bitcoin(msgspec.Struct, frozen=True, kw_only=True):
    """What the same notional, held in bitcoin for the same times, would have brought, in USDT."""

    trades: int
    interval: str
    profit_loss: Decimal
    source_profit_loss: Decimal


class RandomEntries(msgspec.Struct, frozen=True, kw_only=True):
    """The mean R beside that of random entries; `beaten_share` is the percentage of the runs that were worse.

    Hours are drawn from between `hours_from` and `hours_to`, whenever the trades were.
    """

    trades: int
    runs: int
    seed: int
    hours_from: datetime
    hours_to: datetime
    mean_r: Decimal
    random_mean_r: Decimal
    random_low_r: Decimal
    random_high_r: Decimal
    beaten_share: Decimal


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """A source's record on one's own accounts, beside bitcoin and chance; None where candles are missing."""

    total: CardLine
    group_by: str | None
    groups: tuple[CardLine, ...]
    equity: tuple[CurvePoint, ...]
    bitcoin: Bitcoin | None
    random_entries: RandomEntries | None
