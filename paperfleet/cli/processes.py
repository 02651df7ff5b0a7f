"""The processes of a fleet, each configured by PAPERFLEET_* variables: migrate, scheduler, worker, api."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from paperfleet.cli.operator import operator

if TYPE_CHECKING:
    from services.settings import Settings
    from services.usecases.context import Services

Answer = TypeVar("Answer")


def migrate() -> None:
    """Bring the database to the newest schema. The fleet goes on meanwhile."""
    import asyncio

    from services.db import audit
    from services.db.acting import acting_as
    from services.db.migrate import upgrade

    url = process_settings().database_url
    was, now = upgrade(url, tell=lambda text: typer.echo(text, err=True))
    if was != now:
        with acting_as(operator()):
            told = audit.note_apart(url, "migrate", "schema", before={"revision": was}, after={"revision": now})
            asyncio.run(told)


def scheduler() -> None:
    """Tick: claim slots and enqueue cycles and sweeps. Run as many as you like."""
    from workers.processes import run_scheduler

    run_scheduler(_traced("scheduler"))


def worker(
    queues: Annotated[
        str, typer.Option(help="Comma-separated queues to serve; empty for all of them.", show_default="all")
    ] = "",
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Messages in hand at once; if absent two a queue, and 8 at least."),
    ] = None,
) -> None:
    """Run actors: fetch price paths, sweep quotes, evaluate trades."""
    from workers.processes import run_worker

    run_worker(_traced("worker"), [queue.strip() for queue in queues.split(",") if queue.strip()], threads)


def api() -> None:
    """Serve the HTTP API, the event streams and the metrics."""
    from api.server import serve

    serve(_traced("api"))


def _traced(kind: str) -> "Settings":
    """The process's settings, its traces on their way where they are asked for."""
    from services import traces

    settings = process_settings()
    traces.configure(settings.traces_url, kind)
    return settings


def process_settings() -> "Settings":
    """The process's settings, its logs configured; ends the command where a variable is wrong."""
    from paperfleet import logs
    from services.settings import SettingsError, load

    try:
        settings = load()
    except SettingsError as error:
        hint = "Run everything here with `paperfleet up`; beside it, load the settings.env of its data folder."
        typer.echo(f"{error}\n{hint}", err=True)
        raise typer.Exit(2) from None
    logs.configure(settings.log_level)
    return settings


def carried_out(word: "Callable[[Services], Awaitable[Answer]]") -> "Answer":
    """What `word` answers on the fleet's own database, in the name of whoever sits at this command."""
    import asyncio

    from services.bootstrap import build
    from services.db.acting import acting_as

    settings = process_settings()

    async def run() -> Answer:
        async with build(settings, name="paperfleet operator") as services:
            with acting_as(operator()):
                return await word(services)

    return asyncio.run(run())


def as_command(word: "Callable[[Services], Awaitable[Answer]]") -> "Answer":
    """What `word` answers, `carried_out`; a refusal ends the command."""
    from services.domain.errors import Refused

    try:
        return carried_out(word)
    except Refused as refused:
        typer.echo(refused.message, err=True)
        raise typer.Exit(1) from refused
