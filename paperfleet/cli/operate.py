"""What an operator looks at and mends: queues, dead letters, the books."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.books import tell_differences
from paperfleet.cli.processes import as_command, carried_out, process_settings
from paperfleet.cli.put_aside import tell_queues
from paperfleet.cli.remote import AsJson, tell_json

if TYPE_CHECKING:
    from services.usecases.context import Services


def queues(
    retry: Annotated[str, typer.Option(metavar="ID", help="Send this dead letter on its way again.")] = "",
    drop: Annotated[str, typer.Option(metavar="ID", help="Forget this dead letter.")] = "",
    clear_quarantine: Annotated[bool, typer.Option("--clear-quarantine", help="Forget quarantined messages.")] = False,
    believe_price: Annotated[str, typer.Option(metavar="KEY", help="Believe this quarantined price now.")] = "",
    drop_price: Annotated[str, typer.Option(metavar="KEY", help="Forget this quarantined price.")] = "",
    json: AsJson = False,
) -> None:
    """Show the queues, the dead letters and the quarantine; retry or drop a dead letter, believe or drop a price."""
    import asyncio

    from services.coordination.connection import redis_client
    from services.usecases import mend_queues
    from services.usecases.examine_queues import Queues, examine_queues

    settings = process_settings()
    deeds = {
        mend_queues.retry_letter: retry,
        mend_queues.drop_letter: drop,
        mend_queues.believe_price: believe_price,
        mend_queues.drop_price: drop_price,
    }

    async def mend(services: "Services") -> None:
        for deed, name in deeds.items():
            if name:
                await deed(services, name)
        if clear_quarantine:
            await mend_queues.clear_messages(services)

    async def run() -> Queues:
        async with redis_client(settings) as redis:
            return await examine_queues(redis)

    if any(deeds.values()) or clear_quarantine:
        as_command(mend)
    tell_queues(asyncio.run(run()), json)


def lag(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Pairs of each market.")] = 10,
    json: AsJson = False,
) -> None:
    """Show the pairs whose judged path is furthest behind the exchange's present, each with its reason.

    While the exchange is out of reach, so is its clock: then it is told how far pairs are judged, not how far behind.
    """
    import asyncio

    from rich.console import Console
    from rich.table import Table

    from services.bootstrap import build
    from services.usecases.read_lag import PairLag, read_lag

    settings = process_settings()

    async def run() -> list[PairLag]:
        async with build(settings, name="paperfleet lag") as services:
            return await read_lag(services, limit)

    found = asyncio.run(run())
    if json:
        for pair in found:
            tell_json(pair)
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("pair", "judged to (UTC)", "behind", "live trades", "reason", ""):
        table.add_column(column)
    for pair in found:
        name = f"{pair.market_type} {pair.symbol}"
        behind = "?" if pair.seconds is None else f"{pair.seconds:,.0f} s"
        judged_to = f"{pair.judged_to:%Y-%m-%d %H:%M:%S}"
        table.add_row(name, judged_to, behind, str(pair.live_trades), pair.reason, pair.text)
    Console().print(table)
    if timeless := sorted({pair.market_type for pair in found if pair.seconds is None}):
        typer.echo(f"the exchange's clock is out of reach ({', '.join(timeless)}): see `paperfleet doctor`", err=True)


def reconcile(json: AsJson = False) -> None:
    """Compare balances, ledger, events and triggers over all rows; exit code 1 when they differ."""
    from services.usecases.maintain import reconcile_books

    found = carried_out(reconcile_books)
    if json:
        tell_json({"differences": found})
        raise typer.Exit(bool(found))
    tell_differences(found)


def brackets(
    answer: Annotated[Path, typer.Argument(metavar="FILE", help="An answer of GET /fapi/v1/leverageBracket.")],
) -> None:
    """Replace the shipped maintenance brackets of futures by those the exchange tells holders of a key.

    They hold for trades made from now on; contracts that the file does not name keep what they have.
    """
    from services.domain.errors import InvalidData
    from services.usecases.bring_brackets import bring_brackets

    try:
        told = answer.read_bytes()
        contracts = carried_out(lambda services: bring_brackets(services, told))
        typer.echo(f"brackets of {contracts} contracts replaced")
    except (InvalidData, OSError) as error:
        typer.echo(f"{answer}: {error}", err=True)
        raise typer.Exit(1) from error
