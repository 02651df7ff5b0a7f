"""`paperfleet performance`: what closed trades came to, by what, and equity over time, through the API."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from paperfleet.cli.remote import AccountId, AsJson, KeyText, Most, Url, asking, group, show, show_list
from paperfleet.cli.trades import ChosenMarket, ChosenSide, SourceName, Symbol

performance = group("What closed trades came to: summary, by group, equity.")
Days = Annotated[int | None, typer.Option(min=1, help="The last so many days, today included; else all.")]
_ROWS = (
    *("total_trades", "win_rate", "total_profit_loss", "profit_factor", "expectancy", "payoff_ratio", "average_win"),
    *("average_loss", "largest_win", "largest_loss", "average_r_multiple", "average_duration_hours", "total_fees"),
    *("total_funding", "longest_winning_streak", "longest_losing_streak", "sharpe_ratio", "sortino_ratio", "cagr"),
    *("calmar_ratio", "exposure_percent", "ambiguous_trades"),
)
_COLUMNS = (
    ("", "key"),
    ("trades", "total_trades"),
    ("won %", "win_rate"),
    ("profit", "total_profit_loss"),
    ("factor", "profit_factor"),
    ("expectancy", "expectancy"),
    ("mean R", "average_r_multiple"),
    ("fees", "total_fees"),
)


class By(StrEnum):
    """What a breakdown has a line for."""

    SYMBOL = "symbol"
    DIRECTION = "direction"
    MARKET = "market"
    SOURCE = "source"
    DAY = "day"
    HOUR = "hour"
    EXIT_REASON = "exit_reason"


@performance.command("summary")
def summary(
    days: Days = None,
    market: ChosenMarket = None,
    symbol: Symbol = None,
    direction: ChosenSide = None,
    source: SourceName = None,
    account: AccountId = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """The figures over all closed trades; docs/metrics.md has the formulas."""
    with asking(url, key) as client:
        answer = client.performance.summary(**_scope(days, market, symbol, direction, source, account))
    fall = answer.max_drawdown
    fallen = None if fall is None else f"{fall.amount} USDT, {fall.percent} %"
    show(answer, json, [*((name, getattr(answer, name)) for name in _ROWS), ("max_drawdown", fallen)])


@performance.command("by")
def by(
    what: Annotated[By, typer.Argument(help="What each line stands for.")],
    days: Days = None,
    market: ChosenMarket = None,
    symbol: Symbol = None,
    direction: ChosenSide = None,
    source: SourceName = None,
    account: AccountId = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """A line for each symbol, direction, market, source, day, hour or reason of exit.

    paperfleet performance by source --days 30
    """
    scope = _scope(days, market, symbol, direction, source, account)
    with asking(url, key) as client:
        show_list(client.performance.summary(group_by=what.value, **scope).groups, json, _COLUMNS, "no closed trades")


@performance.command("equity")
def equity(
    days: Days = None,
    account: AccountId = None,
    limit: Most = 30,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """An account's equity over time, and beside it the same money held as bitcoin; the newest points last."""
    with asking(url, key) as client:
        curve = client.performance.equity(days=days, account_id=account)
    if not json:
        returns = (("return %", curve.return_percent), ("bitcoin %", curve.bitcoin_percent))
        show(curve, json, returns)
    columns = (("time", "time"), ("equity", "equity"), ("balance", "balance"), ("open", "positions"))
    show_list(curve.points[-limit:], json, (*columns, ("as bitcoin", "held_bitcoin")), "no points yet")


def _scope(
    days: int | None,
    market: Any,
    symbol: str | None,
    direction: Any,
    source: str | None,
    account: int | None,
) -> Any:
    return {
        "days": days,
        "market_type": None if market is None else market.value,
        "symbol": symbol,
        "direction": None if direction is None else direction.value,
        "source": source,
        "account_id": account,
    }
