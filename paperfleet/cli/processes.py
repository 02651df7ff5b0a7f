"""The processes of a fleet, each configured by PAPERFLEET_* variables: migrate, scheduler, worker, api."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.settings import Settings


def migrate() -> None:
    """Bring the database to the newest schema."""
    from services.db.migrate import upgrade

    upgrade(_settings().database_url)


def scheduler() -> None:
    """Tick: claim slots and enqueue cycles and sweeps. Run as many as you like."""
    from workers.processes import run_scheduler

    run_scheduler(_settings())


def worker(
    queues: Annotated[
        str, typer.Option(help="Comma-separated queues to serve; empty for all of them.", show_default="all")
    ] = "",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Messages in hand at once.")] = 8,
) -> None:
    """Run actors: fetch price paths, sweep quotes, evaluate trades."""
    from workers.processes import run_worker

    run_worker(_settings(), [queue.strip() for queue in queues.split(",") if queue.strip()], threads)


def api() -> None:
    """Serve the HTTP API, the event streams and the metrics."""
    from api.server import serve

    serve(_settings())


def _settings() -> "Settings":
    from paperfleet import logs
    from services.settings import SettingsError, load

    try:
        settings = load()
    except SettingsError as error:
        typer.echo(f"{error}\nSet the PAPERFLEET_* variables, or run everything here with: paperfleet up", err=True)
        raise typer.Exit(2) from None
    logs.configure(settings.log_level)
    return settings
