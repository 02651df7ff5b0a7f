"""`paperfleet simulator`: the simulated exchange alone, for trying clients against it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def simulator(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the synthetic prices.")] = 7,
    speed: Annotated[float, typer.Option(min=0.001, max=1000, help="Exchange seconds per second.")] = 1,
    recorded: Annotated[Path | None, typer.Option(metavar="DIR", help="Serve a recording instead.")] = None,
    start: Annotated[datetime | None, typer.Option(help="Exchange time at the start (UTC).")] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Start with the clock stopped.")] = False,
    latency_ms: Annotated[int, typer.Option(min=0, help="Delay of every public answer.")] = 0,
) -> None:
    """Serve a simulated Binance: spot and USDT-M futures REST, for any client."""
    import uvloop

    from deploy.simulator.server import Options, serve

    options = Options(
        host=host,
        port=port,
        seed=seed,
        speed=speed,
        recorded=recorded,
        start=start,
        paused=paused,
        latency_ms=latency_ms,
        parent_dies=False,
    )
    uvloop.run(serve(options))
