"""Figures and trades in words: the same on the terminal and in the report."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.usecases.trial import Summary, Tried

FEW_TRADES = 30
"""Fewer closed trades than these say little about the next ones."""


class TradeRow(msgspec.Struct, frozen=True):
    """A trade as a line of a table."""

    pair: str
    side: str
    entered: str
    entry: str
    stop: str
    targets: str
    left: str
    exit: str
    reason: str
    profit: str
    r: str
    colour: str
    ambiguous: bool


def figures(summary: Summary) -> list[tuple[str, str]]:
    """Names and values, the weighty ones first; a dash where a figure is not defined."""
    told, fallen, rates = summary.figures, summary.drawdown, summary.returns
    return [
        ("Closed trades", str(told.total_trades)),
        ("Profit, USDT", number(told.total_profit_loss)),
        ("Win rate, %", number(told.win_rate)),
        ("Profit factor", number(told.profit_factor)),
        ("Expectancy, USDT", number(told.expectancy)),
        ("Average R", number(told.average_r_multiple)),
        ("Deepest fall, USDT", number(fallen.amount)),
        ("Deepest fall, %", number(fallen.percent)),
        ("Sharpe ratio", number(rates.sharpe_ratio)),
        ("Sortino ratio", number(rates.sortino_ratio)),
        ("Calmar ratio", number(rates.calmar_ratio)),
        ("CAGR, %", number(rates.cagr)),
        ("Average win, USDT", number(told.average_win)),
        ("Average loss, USDT", number(told.average_loss)),
        ("Payoff ratio", number(told.payoff_ratio)),
        ("Largest win, USDT", number(told.largest_win)),
        ("Largest loss, USDT", number(told.largest_loss)),
        ("Longest winning streak", str(summary.longest_winning_streak)),
        ("Longest losing streak", str(summary.longest_losing_streak)),
        ("Average hours", number(told.average_duration_hours)),
        ("Time in the market, %", number(summary.exposure_percent)),
        ("Return on margin, %", number(told.return_on_margin)),
        ("Fees, USDT", number(told.total_fees)),
        ("Funding, USDT", number(told.total_funding)),
        ("Order assumed, %", number(told.ambiguous_share)),
        ("All outcomes", ", ".join(f"{count} {status}" for status, count in summary.statuses.items()) or "none"),
    ]


def warning(summary: Summary) -> str:
    """What to bear in mind with few trades; empty with enough of them."""
    if summary.figures.total_trades >= FEW_TRADES:
        return ""
    return (
        f"Only {summary.figures.total_trades} closed trades: chance alone could make figures like these. "
        f"Try more pairs or a longer time; under {FEW_TRADES} trades say little."
    )


def trade_row(tried: Tried) -> TradeRow:
    """One trade."""
    plan, outcome = tried.plan, tried.outcome
    profit = tried.profit
    return TradeRow(
        pair=f"{plan.market_type} {plan.symbol}",
        side=plan.direction,
        entered=_time(outcome.entry_time or plan.opened_at),
        entry=outcome.entry_price or "-",
        stop=f"{plan.stop_loss:f}",
        targets=" / ".join(f"{each.price:f}" for each in plan.plan().targets),
        left=_time(outcome.exit_time),
        exit=outcome.exit_price or "-",
        reason=str(outcome.exit_reason or outcome.status),
        profit=number(profit),
        r=number(tried.r_multiple),
        colour="" if not profit else "win" if profit > 0 else "loss",
        ambiguous=outcome.ambiguous,
    )


def number(value: Decimal | None) -> str:
    """With two places; a dash for what is not defined."""
    return "-" if value is None else f"{value:,.2f}"


def _time(time: datetime | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M}"
