"""`paperfleet replay`: trade plans over a recording, through the same evaluation as live."""

from pathlib import Path
from typing import Annotated

import typer

from services.domain.fills import FillModel
from services.usecases.replay_recording import Fineness


def replay(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA_DIR", exists=True, file_okay=False, help="Recording, laid out as Binance's dumps."
        ),
    ],
    plans: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Trade plans, one JSON object a line.")],
    out: Annotated[Path, typer.Option(help="Where the outcomes go, one JSON object a line.")],
    fill_model: Annotated[
        FillModel, typer.Option(help="How kindly triggered orders are filled.")
    ] = FillModel.REALISTIC,
    bars: Annotated[str, typer.Option(metavar="1m|5m|...", help="Length of the bars that are walked.")] = "1m",
    finer: Annotated[
        Fineness, typer.Option(help="What may decide the order inside a bar: auto is whatever was recorded.")
    ] = Fineness.AUTO,
) -> None:
    """Run trade plans over recorded candles: would they have won?

    A plan: {"id", "market_type", "symbol", "direction", "entry_type", "entry_price", "stop_loss", "take_profit",
    "position_size", "leverage", "opened_at"}. Prices are strings; entry_price is null for MARKET.

    Exit code 0: every line has an outcome. 3: all good lines have one, others or files were bad and are named. 1: the
    replay could not run, nothing was written. 2: wrong options.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from services.usecases.replay import ReplayError
    from services.usecases.replay import replay as run

    console = Console(stderr=True)
    if out.resolve() == plans.resolve():
        console.print("--out is the file of the plans: name another one, nothing was written", style="red")
        raise typer.Exit(2)
    columns = (TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("replay", total=None)
        try:
            summary = run(
                data,
                plans,
                out,
                fill_model,
                lambda done, total: bar.update(task, completed=done, total=total),
                bars=bars,
                finer=finer,
            )
        except ReplayError as error:
            console.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(1) from None
    for problem in (*summary.problems, *summary.holes):
        console.print(problem, style="yellow", highlight=False, markup=False, soft_wrap=True)
    console.print(summary.describe(), highlight=False, soft_wrap=True)
    if summary.problems:
        raise typer.Exit(3)
