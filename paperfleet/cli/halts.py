"""`paperfleet pause`, `resume` and `no-new-trades`: stop the fleet, or only new trades, and let them go on."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.processes import process_settings
from services.domain.errors import Refused
from services.domain.halts import Halt, Halted

if TYPE_CHECKING:
    from services.usecases.context import Services

_WHY = typer.Option("--reason", help="Why, for those who ask later.")


def pause(reason: Annotated[str, _WHY]) -> None:
    """Stop the whole fleet: no prices are fetched, no trade is judged or made. Housekeeping goes on.

    Work that has begun ends. After `resume` every pair is judged from where it was: no price is missed.
    """
    from services.usecases.halt import halt

    _carry_out(lambda services: halt(services, Halted.FLEET, reason, _name()))


def no_new_trades(reason: Annotated[str, _WHY]) -> None:
    """Stop new trades, whoever asks for them; live ones are followed to their end."""
    from services.usecases.halt import halt

    _carry_out(lambda services: halt(services, Halted.NEW_TRADES, reason, _name()))


def resume() -> None:
    """Let everything go on that was stopped."""
    from services.usecases.halt import resume as lift

    async def both(services: "Services") -> list[Halt]:
        await lift(services, Halted.NEW_TRADES, _name())
        return await lift(services, Halted.FLEET, _name())

    _carry_out(both)


def _carry_out(word: "Callable[[Services], Awaitable[list[Halt]]]") -> None:
    from services.bootstrap import build
    from services.db.acting import Acting, acting_as

    settings = process_settings()

    async def run() -> list[Halt]:
        async with build(settings, name="paperfleet halts") as services:
            with acting_as(Acting(None, "command")):
                return await word(services)

    try:
        stopped = asyncio.run(run())
    except Refused as refused:
        typer.echo(refused.message, err=True)
        raise typer.Exit(1) from refused
    for each in stopped:
        typer.echo(f"stopped: {each.what} since {each.since:%Y-%m-%d %H:%M:%S} UTC by {each.by_whom}: {each.reason}")
    if not stopped:
        typer.echo("everything runs")


def _name() -> str:
    """Who asks: the account of the operating system."""
    try:
        return f"command ({getpass.getuser()})"
    except (OSError, KeyError):  # a container's user need not have a name
        return "command"
