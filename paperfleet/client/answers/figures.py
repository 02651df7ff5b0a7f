"""What closed trades came to; the formulas are in docs/metrics.md."""

from datetime import date, datetime
from decimal import Decimal

import msgspec


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over closed trades, money in USDT; None where undefined."""

    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: Decimal | None
    total_profit_loss: Decimal
    gross_profit: Decimal
    gross_loss: Decimal
    profit_factor: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    payoff_ratio: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    expectancy: Decimal | None
    expectancy_ratio: Decimal | None
    average_duration_hours: Decimal | None
    total_fees: Decimal
    total_funding: Decimal
    return_on_margin: Decimal | None
    average_r_multiple: Decimal | None
    total_r_multiple: Decimal | None
    excursion_trades: int
    average_mae: Decimal | None
    average_mfe: Decimal | None
    ambiguous_trades: int
    ambiguous_share: Decimal | None


class Group(Figures, frozen=True, kw_only=True):
    """The figures of the trades that share `key`: a symbol, direction, market, source, day, hour or reason."""

    key: str
    market_type: str | None = None


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """A fall from a peak: in USDT and percent of the peak; `recovery` is None until it is made good."""

    amount: Decimal
    percent: Decimal | None
    start: datetime | None
    end: datetime | None
    recovery: datetime | None


class Performance(Figures, frozen=True, kw_only=True):
    """Figures over the closed trades of a scope, and with `group_by` each group's."""

    from_day: date | None
    to_day: date | None
    capital: Decimal
    max_drawdown: Drawdown | None
    longest_winning_streak: int
    longest_losing_streak: int
    exposure_percent: Decimal | None
    sharpe_ratio: Decimal | None
    sortino_ratio: Decimal | None
    cagr: Decimal | None
    calmar_ratio: Decimal | None
    group_by: str | None
    groups: tuple[Group, ...]


class EquityPoint(msgspec.Struct, frozen=True, kw_only=True):
    """An account marked to market at `time`; held_bitcoin is the first point's equity, had it been held as bitcoin."""

    time: datetime
    equity: Decimal
    profit_low: Decimal
    profit_high: Decimal
    balance: Decimal
    deposits: Decimal
    positions: int
    bitcoin: Decimal | None
    held_bitcoin: Decimal | None


class EquityCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Equity over time, oldest first, beside holding bitcoin; percentages of the first point."""

    account_id: int
    span: str
    return_percent: Decimal | None
    max_drawdown: Drawdown | None
    bitcoin_percent: Decimal | None
    ahead_of_bitcoin: Decimal | None
    points: tuple[EquityPoint, ...]
