"""`paperfleet system queues` and `prices`: what waits, what died, what is not believed; through the API."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.remote import AsJson, KeyText, Url, asking, group, show_list, tell_done, tell_json, told

if TYPE_CHECKING:
    from paperfleet.client.answers.operations import Queues as ClientsQueues
    from services.usecases.examine_queues import Queues

queues = group("Queues of work, dead letters, messages put aside: show, retry, drop, clear.")
prices = group("Prices that are not believed until the exchange repeats them: list, believe, drop.")
Letter = Annotated[str, typer.Argument(metavar="ID", help="The dead letter's.")]
Price = Annotated[str, typer.Argument(metavar="KEY", help="As listed: SPOT:BTCUSDT:1800000000.")]


@dataclass(frozen=True)
class Suspect:
    """A price in quarantine: its key, and what that says."""

    key: str
    market_type: str
    symbol: str
    minute: datetime


def tell_queues(found: "Queues | ClientsQueues", as_json: bool) -> None:
    """The queues as a table, and a line for each thing that wants a decision."""
    if as_json:
        tell_json(found)
        return
    names = ("queue", "waiting", "delayed", "unsettled", "dead", "oldest_seconds")
    show_list(found.depths, False, [(name, name) for name in names], "no queues")
    for letter in found.dead_letters:
        typer.echo(f"dead {letter.id} {told(letter.died_at)} {letter.queue} {letter.actor}: {letter.error}")
    for message in found.quarantined_messages:
        typer.echo(f"put aside {message.id} {told(message.at)} {message.queue}: {message.reason}")
    for price in map(_suspect, found.quarantined_prices):
        typer.echo(f"not believed {price.key} {told(price.minute)} {price.market_type} {price.symbol}")
    if found.quarantined_prices:
        typer.echo("take a price for true: `paperfleet system prices believe KEY`; forget it: `... drop KEY`")
        typer.echo("without an API: `paperfleet queues --believe-price KEY`, `--drop-price KEY`")


@queues.command("show")
def show_queues(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show the queues, the newest dead letters of each, and messages and prices that were put aside."""
    with asking(url, key) as client:
        tell_queues(client.system.queues(), json)


@queues.command("retry")
def retry(letter: Letter, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Send a dead letter on its way again."""
    with asking(url, key) as client:
        client.system.retry_letter(letter)
    tell_done(json, "retried", letter, f"{letter} is on its way again")


@queues.command("drop")
def drop(letter: Letter, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Forget a dead letter; the next cycle asks for the same work."""
    with asking(url, key) as client:
        client.system.drop_letter(letter)
    tell_done(json, "dropped", letter, f"{letter} is forgotten")


@queues.command("clear")
def clear(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Forget the messages that were put aside; they are never run again."""
    with asking(url, key) as client:
        client.system.clear_messages()
    tell_done(json, "cleared", "messages", "nothing is put aside any more")


@prices.command("list")
def list_prices(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """List prices too far from the last to be believed at once; their pairs wait meanwhile."""
    with asking(url, key) as client:
        found = [_suspect(each) for each in client.system.queues().quarantined_prices]
    columns = (("key", "key"), ("market", "market_type"), ("pair", "symbol"), ("minute", "minute"))
    show_list(found, json, columns, "every price is believed")


@prices.command("believe")
def believe(price: Price, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Believe it without waiting a minute for the exchange to repeat it: its next answer counts."""
    with asking(url, key) as client:
        client.system.believe_price(price)
    tell_done(json, "believed", price, f"{price} counts when the exchange tells it next")


@prices.command("drop")
def drop_price(price: Price, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Forget it; a jump that is still there is put aside anew."""
    with asking(url, key) as client:
        client.system.drop_price(price)
    tell_done(json, "dropped", price, f"{price} is forgotten")


def _suspect(key: str) -> Suspect:
    market_type, symbol, minute = key.split(":")
    return Suspect(key, market_type, symbol, datetime.fromtimestamp(int(minute), UTC))
