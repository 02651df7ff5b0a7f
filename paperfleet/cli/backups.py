"""`paperfleet backup`, `restore` and `new-epoch`: a whole database in one file, and back."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.operator import operator
from paperfleet.cli.processes import process_settings
from paperfleet.cli.reading import fail, told

if TYPE_CHECKING:
    from services.db.backup import Manifest

_NAMED_BY_TIME = "paperfleet-" + "[0-9]" * 8 + "T" + "[0-9]" * 6 + "Z.zip"

_FILE = typer.Argument(metavar="FILE", help="The backup, a zip.", dir_okay=False)
_PLACE = typer.Argument(metavar="FILE", help="The backup, a zip; or a folder, in which it is named by its time.")
_KEEP = typer.Option(
    min=1, metavar="N", help="Of the files that were named by their time in this folder, keep the last N."
)


def backup(place: Annotated[Path, _PLACE], keep: Annotated[int | None, _KEEP] = None) -> None:
    """Write the whole database to FILE, from one moment. The fleet goes on meanwhile.

    When that was and how large the file is, is kept in the database: `paperfleet doctor` tells how old the last one is.
    """
    from services.db.acting import acting_as
    from services.db.backup import back_up, note

    settings = process_settings()
    if keep is not None and not place.is_dir():
        raise fail(f"--keep: {place} is no folder, and only files in one are named by their time")
    file = place / f"paperfleet-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip" if place.is_dir() else place
    with told():
        manifest = asyncio.run(back_up(settings.database_url, file))
    typer.echo(f"{file}: {_summary(manifest)}, {file.stat().st_size:,} bytes")
    with acting_as(operator()):
        why = asyncio.run(note(settings.database_url, manifest, file))
    if why:
        typer.echo(f"its age is not kept: {why}", err=True)
    if keep is not None:
        for old in sorted(place.glob(_NAMED_BY_TIME))[:-keep]:
            old.unlink()
            typer.echo(f"{old}: no longer kept")


def restore(file: Annotated[Path, _FILE]) -> None:
    """Put the backup in FILE into the empty database of PAPERFLEET_DATABASE_URL; start the fleet afterwards.

    The epoch changes: whoever follows a stream begins anew, for what was told after the backup never happened.
    """
    from services.db.acting import acting_as
    from services.db.backup import restore as put_back

    settings = process_settings()
    with told(), acting_as(operator()):
        manifest = asyncio.run(put_back(settings.database_url, file))
    typer.echo(f"restored what was backed up at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC: {_summary(manifest)}")


def new_epoch() -> None:
    """Have followers of streams begin anew, after a database was put back by other means (point in time)."""
    from services.db.acting import acting_as
    from services.db.backup import new_epoch as change

    settings = process_settings()
    with told(), acting_as(operator()):
        typer.echo(f"epoch {asyncio.run(change(settings.database_url))}; restart the API processes")


def _summary(manifest: "Manifest") -> str:
    rows = {table.name: table.rows for table in manifest.tables}
    return f"{rows.get('trades', 0):,} trades, {rows.get('events', 0):,} events, schema {manifest.revision}"
