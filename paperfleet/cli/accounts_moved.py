"""`paperfleet export` and `import`: an account's history as JSON lines, and back, into any system."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.processes import carried_out, process_settings
from paperfleet.cli.reading import told

if TYPE_CHECKING:
    from services.usecases.context import Services
    from services.usecases.import_account import Imported


def export_account(
    account: Annotated[int, typer.Argument(metavar="ACCOUNT", help="The account's id.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines.", dir_okay=False)],
) -> None:
    """Write an account's finished trades, ledger, signals and decisions to FILE. Live trades stay out."""
    from services.bootstrap import build
    from services.usecases.export_account import export_account as lines

    settings = process_settings()

    async def run() -> int:
        count = 0
        async with build(settings, name="paperfleet export") as services:
            with part.open("wb") as out:
                async for line in lines(services, account):
                    out.write(line)
                    count += line.startswith(b'{"line":"trade"')
        return count

    part = file.with_name(f"{file.name}.part")
    try:
        with told():
            count = asyncio.run(run())
            part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"{file}: {count:,} trades")


def import_account(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `paperfleet export` wrote.", dir_okay=False)],
    name: Annotated[str, typer.Option(metavar="NAME", help="The new account's name.")],
    user: Annotated[str, typer.Option(metavar="USER", help="Whose account it will be.")] = "local",
) -> None:
    """Bring an exported account: a new one with the same trades, bookings and figures. All of it, or nothing."""
    from services.usecases.import_account import import_account as bring

    async def run(services: "Services") -> "Imported":
        with file.open("rb") as lines:
            return await bring(services, lines, user, name)

    with told():
        made = carried_out(run)
    typer.echo(f"account {made.account_id}: {made.trades:,} trades, {made.signals:,} signals, {made.balance} USDT")
    if made.live_trades_left_out:
        typer.echo(f"{made.live_trades_left_out} trades live on where they came from")
