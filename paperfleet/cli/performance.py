"""`paperfleet performance`: what closed trades and sources came to, and equity over time, through the API."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paperfleet.cli.remote import AccountId, AsJson, KeyText, Most, OfAccount, Url, asking, group, show, show_list, told
from paperfleet.cli.sources import Chosen as Source
from paperfleet.cli.sources import source_number
from paperfleet.cli.trades import ChosenMarket, ChosenSide, SourceName, Symbol

if TYPE_CHECKING:
    from paperfleet.client.answers.figures import Performance

performance = group("What closed trades came to: summary, by group, equity, scorecards of sources.")
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


_CARD_ROWS = ("total_trades", "small_sample", "win_rate", "total_profit_loss", "profit_factor", "expectancy")
_CARD_COLUMNS = (
    ("source", "key"),
    ("trades", "total_trades"),
    ("won %", "win_rate"),
    ("profit", "total_profit_loss"),
    ("factor", "profit_factor"),
    ("expectancy", "expectancy"),
    ("mean R", "average_r_multiple"),
    ("few trades", "small_sample"),
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
    R_MULTIPLE = "r_multiple"


class CardBy(StrEnum):
    """What a scorecard has a line for."""

    STRATEGY = "strategy"
    SYMBOL = "symbol"
    DIRECTION = "direction"
    TIMEFRAME = "timeframe"
    SOURCE = "source"


@performance.command("summary")
def summary(
    days: Days = None,
    market: ChosenMarket = None,
    symbol: Symbol = None,
    direction: ChosenSide = None,
    source: SourceName = None,
    account: OfAccount = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """The figures over all closed trades; docs/metrics.md has the formulas."""
    with asking(url, key) as client:
        answer = client.performance.summary(**_scope(days, market, symbol, direction, source, account))
    tell_summary(answer, json, answer)


@performance.command("by")
def by(
    what: Annotated[By, typer.Argument(help="What each line stands for.")],
    days: Days = None,
    market: ChosenMarket = None,
    symbol: Symbol = None,
    direction: ChosenSide = None,
    source: SourceName = None,
    account: OfAccount = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """A line for each symbol, direction, market, source, day, hour, reason of exit or half multiple of the risk.

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


@performance.command("scorecards")
def scorecards(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """A line for every source whose signals were traded."""
    with asking(url, key) as client:
        show_list(client.sources.scorecards(), json, _CARD_COLUMNS, "no signals were traded")


@performance.command("scorecard")
def scorecard(
    source: Source,
    by: Annotated[CardBy | None, typer.Option(help="A line for each of these instead.")] = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """What a source's signals came to, with 95 % confidence, beside bitcoin and random entries of equal risk.

    paperfleet performance scorecard "my ideas" --by strategy
    """
    with asking(url, key) as client:
        card = client.sources.scorecard(source_number(client, source), group_by=None if by is None else by.value)
    if by is not None:
        show_list(card.groups, json, _CARD_COLUMNS, "no closed trades")
        return
    total, bitcoin, chance = card.total, card.bitcoin, card.random_entries
    rows: list[tuple[str, object]] = [(name, getattr(total, name)) for name in _CARD_ROWS]
    for name, bounds in (("win_rate 95 %", total.win_rate_interval), ("expectancy 95 %", total.expectancy_interval)):
        rows.append((name, None if bounds is None else f"{told(bounds.low)} to {told(bounds.high)}"))
    rows.append(("held bitcoin", None if bitcoin is None else f"{told(bitcoin.profit_loss)} USDT"))
    if chance is not None:
        rows.append(("random entries", f"mean R {told(chance.random_mean_r)}, beaten {told(chance.beaten_share)} %"))
        rows.append(("drawn from", f"{chance.hours_from:%Y-%m-%d %H:%M} to {chance.hours_to:%Y-%m-%d %H:%M}"))
    show(card, json, rows)


def tell_summary(answer: Any, json: bool, figures: "Performance", *before: tuple[str, object]) -> None:
    """The figures of an answer, after what else it tells."""
    fall = figures.max_drawdown
    fallen = None if fall is None else f"{fall.amount} USDT, {fall.percent} %"
    show(answer, json, [*before, *((name, getattr(figures, name)) for name in _ROWS), ("max_drawdown", fallen)])


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
