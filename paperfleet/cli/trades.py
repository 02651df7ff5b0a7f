"""`paperfleet trades`: list, export, show, open, edit, close and cancel paper trades, through the API."""

import sys
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paperfleet.cli.remote import AccountId, AsJson, KeyText, Most, OfAccount, Url, asking, group, show, show_list

if TYPE_CHECKING:
    from paperfleet.client.answers.trade import Commanded, Trade

trades = group("Paper trades: list, export, show, open, edit, close, cancel.")
Id = Annotated[int, typer.Argument(metavar="ID", help="The trade's number.")]


class MarketName(StrEnum):
    """Where a pair is traded."""

    SPOT = "SPOT"
    FUTURES = "FUTURES"


class Side(StrEnum):
    """LONG profits when the price rises, SHORT when it falls."""

    LONG = "LONG"
    SHORT = "SHORT"


ChosenMarket = Annotated[MarketName | None, typer.Option("--market", case_sensitive=False, help="Of this market only.")]
ChosenSide = Annotated[Side | None, typer.Option("--direction", case_sensitive=False, help="Of this direction only.")]
Symbol = Annotated[str | None, typer.Option(metavar="PAIR", help="Of this pair only, such as BTCUSDT.")]
Statuses = Annotated[
    list[str] | None, typer.Option("--status", metavar="STATUS", help="OPEN, PENDING, CLOSED_TP, ...; repeatable.")
]
SourceName = Annotated[str | None, typer.Option(metavar="NAME", help="Of this source only.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="From then on: 2026-07-01, or a time with offset.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")]

_COLUMNS = (
    ("id", "id"),
    ("market", "market_type"),
    ("pair", "symbol"),
    ("side", "direction"),
    ("status", "status"),
    ("entry", "entry_price"),
    ("stop", "stop_loss"),
    ("target", "take_profit"),
    ("exit", "exit_price"),
    ("profit", "profit_loss"),
    ("unrealized", "unrealized_profit_loss"),
    ("source", "source"),
    ("made", "created_at"),
)
_ROWS = (
    *("id", "account_id", "signal_id", "market_type", "symbol", "direction", "status", "entry_type", "entry_price"),
    *("entry_time", "stop_loss", "stop_reason", "take_profit", "quantity", "remaining_quantity", "leverage", "margin"),
    *("liquidation_price", "current_price", "unrealized_profit_loss", "exit_price", "exit_time", "exit_reason"),
    *("fees", "funding", "profit_loss", "profit_loss_percentage", "r_multiple", "risk_reward_ratio", "ambiguous"),
    *("void_reason", "source", "notes", "version", "created_at", "updated_at"),
)


@trades.command("list")
def list_(
    status: Statuses = None,
    market: ChosenMarket = None,
    symbol: Symbol = None,
    direction: ChosenSide = None,
    source: SourceName = None,
    since: Since = None,
    until: Until = None,
    account: OfAccount = None,
    limit: Most = 30,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """List trades, newest first.

    paperfleet trades list --status OPEN --symbol BTCUSDT
    """
    with asking(url, key) as client:
        found = client.trades.list(
            status=status or (),
            market_type=_value(market),
            symbol=symbol,
            direction=_value(direction),
            source=source,
            since=since,
            until=until,
            account_id=account,
            limit=min(limit, 200),
        )
        show_list(islice(found, limit), json, _COLUMNS, "no such trades")


@trades.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A CSV file; else standard output.")] = None,
    status: Statuses = None,
    market: ChosenMarket = None,
    symbol: Symbol = None,
    direction: ChosenSide = None,
    source: SourceName = None,
    since: Since = None,
    until: Until = None,
    account: OfAccount = None,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Write trades as CSV, newest first, however many. The file appears when it is whole.

    paperfleet trades export closed.csv --status CLOSED_TP --status CLOSED_SL
    """
    with asking(url, key) as client:
        lines = client.trades.export(
            status=status or (),
            market_type=_value(market),
            symbol=symbol,
            direction=_value(direction),
            source=source,
            since=since,
            until=until,
            account_id=account,
        )
        if file is None:
            sys.stdout.writelines(line.replace("\r\n", "\n") for line in lines)
            return
        part = file.with_name(f"{file.name}.part")
        try:
            with part.open("w", encoding="utf-8", newline="") as out:
                out.writelines(lines)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)


@trades.command("show")
def show_one(trade: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show all of a trade."""
    with asking(url, key) as client:
        tell_trade(client.trades.read(trade), json)


@trades.command("open")
def open_(
    market: Annotated[MarketName, typer.Argument(metavar="SPOT|FUTURES", case_sensitive=False)],
    symbol: Annotated[str, typer.Argument(metavar="PAIR", help="BTCUSDT, for example.")],
    direction: Annotated[Side, typer.Argument(metavar="LONG|SHORT", case_sensitive=False)],
    stop: Annotated[str, typer.Option("--stop", metavar="PRICE", help="Where it ends in a loss.")],
    target: Annotated[str | None, typer.Option("--target", metavar="PRICE", help="Where it ends in a profit.")] = None,
    trail: Annotated[str | None, typer.Option(metavar="PERCENT", help="The stop follows the best price.")] = None,
    entry: Annotated[str | None, typer.Option(metavar="PRICE", help="Wait for this price, else enter now.")] = None,
    size: Annotated[str | None, typer.Option(metavar="USDT", help="Margin; 100 if no size is given.")] = None,
    risk: Annotated[str | None, typer.Option(metavar="PERCENT", help="Of the equity, lost at the stop.")] = None,
    leverage: Annotated[int, typer.Option(min=1, max=150, help="Of futures.")] = 1,
    source: Annotated[str, typer.Option(metavar="NAME", help="Whose idea it is, for the figures.")] = "command",
    notes: Annotated[str, typer.Option(metavar="TEXT", help="A note on it.")] = "",
    account: AccountId = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would be; open nothing.")] = False,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Open a trade at the market, or at a price to wait for.

    paperfleet trades open FUTURES BTCUSDT LONG --stop 58000 --target 66000 --risk 1 --leverage 5
    """
    wish: dict[str, Any] = {
        "market_type": market.value,
        "symbol": symbol,
        "direction": direction.value,
        "stop_loss": stop,
        "take_profit": target,
        "trailing": {"percent": trail} if trail else None,
        "entry_type": "LIMIT" if entry else "MARKET",
        "entry_price": entry,
        "position_size": size,
        "risk_percent": risk,
        "leverage": leverage,
        "source": source,
        "notes": notes,
        "account_id": account,
    }
    plan: Any = {name: value for name, value in wish.items() if value is not None}
    with asking(url, key) as client:
        tell_trade(client.trades.preview(**plan) if dry_run else client.trades.open(**plan), json)


@trades.command("edit")
def edit(
    trade: Id,
    stop: Annotated[str | None, typer.Option("--stop", metavar="PRICE", help="The stop's new price.")] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="PRICE", help="The target's new price.")] = None,
    notes: Annotated[str | None, typer.Option(metavar="TEXT", help="The note on it.")] = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Move a live trade's stop or target, or write the note on any."""
    if stop is None and target is None and notes is None:
        raise typer.BadParameter("give --stop, --target or --notes")
    with asking(url, key) as client:
        if notes is not None:
            written = client.trades.note(trade, notes)
            if stop is None and target is None:
                tell_trade(written, json)
                return
        _tell_command(client.trades.edit(client.trades.read(trade), stop_loss=stop, take_profit=target), json)


@trades.command("close")
def close(
    trade: Id,
    fraction: Annotated[str | None, typer.Option(metavar="F", help="So much of what remains; 0.5 is half.")] = None,
    price: Annotated[
        str | None, typer.Option(metavar="PRICE", help="A guard: refused further than 1 % from it.")
    ] = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Close an open trade at the market."""
    with asking(url, key) as client:
        _tell_command(client.trades.close(trade, fraction=fraction, current_price=price), json)


@trades.command("cancel")
def cancel(trade: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Cancel a trade that still waits for its entry."""
    with asking(url, key) as client:
        _tell_command(client.trades.cancel(trade), json)


def _tell_command(done: "Commanded", json: bool) -> None:
    tell_trade(done.trade, json)
    if not done.is_applied:
        typer.echo("accepted: it counts from now, and is applied when the price path has come that far", err=True)


def tell_trade(trade: "Trade", json: bool) -> None:
    """All of a trade."""
    rows = [(name, getattr(trade, name)) for name in _ROWS]
    parts = [(f"exit {each.part}", f"{each.reason} {each.quantity} at {each.price}") for each in trade.exits]
    show(trade, json, [*rows, *parts])


def _value(choice: StrEnum | None) -> Any:
    return None if choice is None else choice.value
