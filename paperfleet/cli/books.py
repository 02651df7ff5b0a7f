"""The verdict on the books: waited for, and told."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from paperfleet.client import Client
    from paperfleet.client.answers.operations import Books

LOOK_SECONDS = 0.5


def verdict_on_books(client: "Client", seconds: float) -> "Books":
    """What a worker that is asked now finds. Ends the command with 2 if none has told within `seconds`."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    asked = client.system.reconcile()
    until = time.monotonic() + seconds
    columns = (SpinnerColumn(), TextColumn("a worker compares the books"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as waiting:
        waiting.add_task("")
        while True:
            found = client.system.books()
            if found.reconciled_at is not None and found.reconciled_at >= asked.asked_at:
                return found
            if time.monotonic() >= until:
                break
            time.sleep(LOOK_SECONDS)
    typer.echo(
        f"no verdict within {seconds} s: does a worker serve `maintenance`? See `paperfleet system doctor`", err=True
    )
    raise typer.Exit(2)


def tell_differences(found: Mapping[str, Sequence[str]]) -> None:
    """Each difference on a line, below its check. Ends the command with 1 if there are any."""
    for check, rows in found.items():
        typer.echo(f"{check}: {len(rows)} differences")
        for row in rows:
            typer.echo(f"  {row}")
    if found:
        raise typer.Exit(1)
    typer.echo("the books are in order")
