"""`paperfleet up`: everything on this machine, until Ctrl-C."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer


def _market(text: str) -> str:
    from deploy.local.errors import StackError
    from deploy.local.market_record import normal_market

    try:
        return normal_market(text)
    except StackError as error:
        raise typer.BadParameter(str(error)) from None


def up(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder that keeps everything.")] = Path(".paperfleet"),
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Where the API listens.", show_default="8000, or a free one")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Worker processes.")] = 2,
    market: Annotated[
        str,
        typer.Option(metavar="simulator|binance|recorded:DIR", help="Where prices come from.", callback=_market),
    ] = "simulator",
    speed: Annotated[float, typer.Option(min=1, max=1000, help="Exchange seconds per second (not for binance).")] = 1,
    start: Annotated[
        datetime | None,
        typer.Option(help="Where in a recording to begin (UTC), in a new data folder.", show_default="its beginning"),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every process's log lines.")] = False,
) -> None:
    """Run the whole product here: database, simulated exchange, fleet and API.

    A second `up` on the same folder continues where the first one was. Ctrl-C stops everything cleanly.
    """
    import asyncio

    from deploy.local.options import UpOptions
    from deploy.local.up import run
    from paperfleet import logs

    logs.configure("CRITICAL")  # the screen tells what matters; the fleet's own logs lie in the data folder
    options = UpOptions(
        folder=data,
        port=port,
        workers=workers,
        market=market,
        speed=Decimal(str(speed)),
        start=None if start is None else start.replace(tzinfo=start.tzinfo or UTC),
        verbose=verbose,
    )
    raise typer.Exit(asyncio.run(run(options)))
