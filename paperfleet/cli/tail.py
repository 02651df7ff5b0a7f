"""`paperfleet tail`: follow what happens, in the terminal; it resumes by itself."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.remote import AsJson, KeyText, OfAccount, Url, asking, tell_json, told

if TYPE_CHECKING:
    from paperfleet.client import Event


def tail(
    prices: Annotated[
        list[str] | None,
        typer.Option(metavar="MARKET:PAIR", help="Prices too: SPOT:BTCUSDT, positions, or all; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="paper_trade, signal, account, ...; repeatable.")
    ] = None,
    account: OfAccount = None,
    start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest that is kept.")] = False,
    after: Annotated[str, typer.Option(metavar="EVENT-ID", help="Begin after this event, an id of --json.")] = "",
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="End after so many events; 0: never.")] = 0,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Follow trades, signals and accounts as they change, until Ctrl-C.

    When the connection breaks or the API restarts it goes on where it was: nothing is missed, nothing comes twice.

    paperfleet tail --only paper_trade --prices positions
    """
    with asking(url, key) as client:
        events = client.events(
            prices=prices or (),
            account_ids=() if account is None else [account],
            from_start=start,
            last_event_id=after,
            on_lost=_tell_loss,
        )
        try:
            for number, event in enumerate(_wanted(events, only), 1):
                tell_json(event) if json else typer.echo("  ".join(filter(None, _words(event))))
                if number == count:
                    return
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def _wanted(events: "Iterator[Event]", only: Sequence[str] | None) -> "Iterator[Event]":
    """Those of the types asked for; where something is missing before them, that is told apart."""
    for event in events:
        if not only or event.type in only:
            yield event
        elif event.type == "reset":
            typer.echo(f"reset ({event.action}): what happened since that place is not to be had any more", err=True)


def _words(event: "Event") -> Iterator[str]:
    """The event in a line."""
    yield f"{event.type:<12} {event.action:<10}"
    if trade := event.trade:
        yield f"{trade.id:>6} {trade.market_type} {trade.symbol} {trade.direction} {trade.status}"
        yield f"entry {told(trade.entry_price)}"
        if trade.exit_price is not None:
            yield f"exit {told(trade.exit_price)} profit {told(trade.profit_loss)}"
    elif event.signal is not None:
        signal = event.signal
        yield f"{signal.id:>6} {signal.source} {signal.market_type} {signal.symbol} {signal.direction} {signal.status}"
        yield signal.reason or ""
    elif price := event.price:
        yield f"{price.market_type} {price.symbol} {told(price.bid)} {told(price.ask)}"
    else:
        told_of = {name: value for name, value in event.data.items() if name not in ("type", "action")}
        yield " ".join(f"{name}={_short(value)}" for name, value in told_of.items())


def _short(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={each}" for key, each in list(value.items())[:6])
    return str(value)


def _tell_loss(reason: str, seconds: float) -> None:
    typer.echo(f"{reason}; going on in {seconds:.1f} s", err=True)
