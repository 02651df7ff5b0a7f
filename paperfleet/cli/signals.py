"""`paperfleet signals`: list, show, say, import, try out, trade and cancel signals, through the API."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from paperfleet.cli.remote import AccountId, AsJson, KeyText, Most, Url, asking, group, show, show_list, told
from paperfleet.cli.sources import Chosen as Source
from paperfleet.cli.sources import source_number
from paperfleet.cli.trades import ChosenMarket, ChosenSide, MarketName, Side, Since, Symbol, Until, tell_trade

signals = group("Signals: list, show, say one, try one out, import, trade, cancel.")
Id = Annotated[int, typer.Argument(metavar="ID", help="The signal's number.")]
_ROWS_TOLD = 20
_COLUMNS = (
    ("id", "id"),
    ("source", "source"),
    ("status", "status"),
    ("market", "market_type"),
    ("pair", "symbol"),
    ("side", "direction"),
    ("entry", "entry_price"),
    ("stop", "stop_loss"),
    ("stop %", "stop_loss_percent"),
    ("code", "code"),
    ("received", "received_at"),
)
_ROWS = (
    *("id", "source", "status", "market_type", "symbol", "direction", "entry_type", "entry_price", "stop_loss"),
    *("stop_loss_percent", "leverage", "position_size", "timeframe", "strategy", "confidence", "code", "reason"),
    *("signal_time", "expires_at", "received_at", "notes"),
)


@signals.command("list")
def list_(
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="ACTIVE, EXECUTED, EXPIRED, REJECTED; repeatable.")
    ] = None,
    market: ChosenMarket = None,
    symbol: Symbol = None,
    direction: ChosenSide = None,
    strategy: Annotated[str | None, typer.Option(metavar="NAME", help="Of this strategy only.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Most = 30,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """List signals of your sources, of followed and public ones, newest first."""
    with asking(url, key) as client:
        found = client.signals.list(
            status=status or (),
            market_type=None if market is None else market.value,
            symbol=symbol,
            direction=None if direction is None else direction.value,
            strategy=strategy,
            since=since,
            until=until,
            limit=min(limit, 200),
        )
        show_list(islice(found, limit), json, _COLUMNS, "no such signals")


@signals.command("show")
def show_one(signal: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show a signal, and what your accounts decided on it."""
    with asking(url, key) as client:
        _tell(client.signals.read(signal), json)


_Market = Annotated[MarketName, typer.Argument(metavar="SPOT|FUTURES", case_sensitive=False)]
_Pair = Annotated[str, typer.Argument(metavar="PAIR", help="BTCUSDT, for example.")]
_Side = Annotated[Side, typer.Argument(metavar="LONG|SHORT", case_sensitive=False)]
_Stop = Annotated[str, typer.Option("--stop", metavar="PRICE|N%", help="A price, or so many percent of the entry.")]
_Target = Annotated[str | None, typer.Option("--target", metavar="PRICE|N%", help="Likewise.")]
_Source = Annotated[str, typer.Option(metavar="NAME", help="Who says it; made at first use.")]
_Leverage = Annotated[int | None, typer.Option(min=1, max=150, help="Of futures.")]
_Entry = Annotated[
    str | None, typer.Option(metavar="PRICE|FROM-TO", help="Wait for this price, or this zone, else enter now.")
]
_EntryUntil = Annotated[
    str | None, typer.Option(metavar="TIME", help="An entry that waits is cancelled then (2026-07-01T12:00:00Z).")
]


@signals.command("say")
def say(
    market: _Market,
    symbol: _Pair,
    direction: _Side,
    stop: _Stop,
    target: _Target = None,
    source: _Source = "command",
    leverage: _Leverage = None,
    entry: _Entry = None,
    entry_until: _EntryUntil = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Say a signal; the accounts that follow its source trade it.

    paperfleet signals say FUTURES BTCUSDT LONG --stop 2% --target 4% --source "my ideas"
    """
    wish = _wish(market, symbol, direction, stop, target, source, leverage, entry, entry_until)
    with asking(url, key) as client:
        _tell(client.signals.say(**wish), json)


@signals.command("exit")
def exit_(
    market: _Market,
    symbol: _Pair,
    direction: Annotated[
        Side | None, typer.Argument(metavar="[LONG|SHORT]", case_sensitive=False, help="The side; both if absent.")
    ] = None,
    source: _Source = "command",
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """End the trades that the source's earlier signals opened on a pair, on every account that follows.

    paperfleet signals exit FUTURES BTCUSDT --source "my ideas"
    """
    wish: dict[str, Any] = {"action": "EXIT", "market_type": market.value, "symbol": symbol, "source": source}
    if direction is not None:
        wish["direction"] = direction.value
    with asking(url, key) as client:
        _tell(client.signals.say(**wish), json)


@signals.command("dry-run")
def dry_run(
    market: _Market,
    symbol: _Pair,
    direction: _Side,
    stop: _Stop,
    target: _Target = None,
    source: _Source = "command",
    leverage: _Leverage = None,
    entry: _Entry = None,
    entry_until: _EntryUntil = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """What saying a signal would do now, on each account that follows; nothing is stored."""
    wish = _wish(market, symbol, direction, stop, target, source, leverage, entry, entry_until)
    with asking(url, key) as client:
        _tell_dry_run(client.signals.dry_run(**wish), json)


@signals.command("dry-run-alert")
def dry_run_alert(
    source: Source,
    file: Annotated[typer.FileBinaryRead, typer.Argument(metavar="FILE|-", help="The alert's body; - reads it here.")],
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """What an alert of a chart or bot would do now, as its source's webhook would read it; nothing is stored."""
    with asking(url, key) as client:
        _tell_dry_run(client.sources.dry_run_alert(source_number(client, source), file.read()), json)


def _tell_dry_run(answer: Any, json: bool) -> None:
    rows: list[tuple[str, object]] = [("signal", answer.signal.status), ("reason", answer.signal.reason)]
    for each in answer.accounts:
        trade = each.trade
        ends = ", ".join(f"trade {id_}" for id_ in each.closes)
        what = ends or each.reason if trade is None else f"{told(trade.quantity)} at {told(trade.entry_price)}"
        rows.append((f"account {each.account_id}", f"{each.outcome}: {what}"))
    show(answer, json, rows)


@signals.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV; the first row names the columns.", dir_okay=False)],
    source: Annotated[str, typer.Option(metavar="NAME", help="Who said them; made at first use.")] = "import",
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Import signals from a CSV file with columns as alerts have fields. Exit code 1: some rows were rejected."""
    with asking(url, key) as client:
        report = client.signals.import_csv(file.read_bytes(), source=source)
    counts = [(name, getattr(report, name)) for name in ("total", "stored", "repeated", "expired", "rejected")]
    lines = [(f"line {each.line}", f"{each.code} {each.field}: {each.reason}") for each in report.rows[:_ROWS_TOLD]]
    more = len(report.rows) - len(lines) + report.rows_left_out
    show(report, json, [*counts, *lines, ("and", f"{more} rows more" if more else "")])
    if report.rejected:
        raise typer.Exit(1)


@signals.command("trade")
def trade(
    signal: Id,
    size: Annotated[str | None, typer.Option(metavar="USDT", help="Margin, in place of what it says.")] = None,
    risk: Annotated[str | None, typer.Option(metavar="PERCENT", help="Of the equity, lost at the stop.")] = None,
    account: AccountId = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Open the trade that a signal asks for; at most one an account."""
    sizes: Any = {name: text for name, text in (("position_size", size), ("risk_percent", risk)) if text is not None}
    with asking(url, key) as client:
        tell_trade(client.trades.from_signal(signal, account_id=account, **sizes), json)


@signals.command("cancel")
def cancel(signal: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Have a signal traded no further; trades that it made stay."""
    with asking(url, key) as client:
        _tell(client.signals.cancel(signal), json)


def _wish(
    market: MarketName,
    symbol: str,
    direction: Side,
    stop: str,
    target: str | None,
    source: str,
    leverage: int | None,
    entry: str | None,
    entry_until: str | None,
) -> Any:
    wish: dict[str, object] = {"market_type": market.value, "symbol": symbol, "direction": direction.value}
    for name, text in (("stop_loss", stop), ("take_profit", target)):
        if text is not None:
            wish[f"{name}_percent" if text.endswith("%") else name] = text.removesuffix("%")
    if entry is not None:
        where = {"entry_zone": entry.split("-")} if "-" in entry else {"entry_price": entry}
        wish |= {"entry_type": "LIMIT", **where}
    told = {"source": source, "leverage": leverage, "entry_expires_at": entry_until}
    return wish | {name: value for name, value in told.items() if value is not None}


def _tell(signal: Any, json: bool) -> None:
    decided = [
        (
            f"account {each.account_id}",
            f"{each.outcome} {each.trade_id or each.numbers.get('trade_ids') or each.reason or ''}",
        )
        for each in signal.decisions
    ]
    rules = [(name, getattr(signal.rules, name)) for name in ("entry_zone", "entry_expires_at")]
    show(signal, json, [*((name, getattr(signal, name)) for name in _ROWS), *rules, *decided])
