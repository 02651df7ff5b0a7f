"""`paperfleet backtest`: would a strategy have made money?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli import reading
from services.domain.candles import Timeframe
from services.domain.fills import FillModel

if TYPE_CHECKING:
    from services.usecases.backtest import Backtest


def backtest(
    strategy: Annotated[str, typer.Argument(help="Name of a strategy; `paperfleet strategies` shows all of them.")],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", exists=True, file_okay=False, help="A recording, laid out as Binance's dumps."),
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="30d|TIME", help="From then on; without --data, candles come from the exchange.")
    ] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Signals before then only.")] = "",
    timeframe: Annotated[Timeframe, typer.Option(help="Whose closed candles the strategy looks at.")] = Timeframe.H1,
    symbol: Annotated[
        list[str] | None,
        typer.Option(metavar="PAIR", help="BTCUSDT or FUTURES:BTCUSDT, repeatable; all that are recorded if absent."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the strategy, repeatable.")
    ] = None,
    size: Annotated[str, typer.Option(metavar="USDT", help="Margin of each trade.")] = "100",
    leverage: Annotated[int, typer.Option(min=1, max=150, help="Of trades on futures.")] = 1,
    capital: Annotated[str, typer.Option(metavar="USDT", help="What drawdown and ratios stand on.")] = "10000",
    fill_model: Annotated[FillModel, typer.Option(help="How kindly orders are filled.")] = FillModel.REALISTIC,
    one_at_a_time: Annotated[
        bool, typer.Option("--one-at-a-time", help="No trade on a pair while an earlier one on it is open.")
    ] = False,
    report: Annotated[Path, typer.Option(metavar="FILE", help="Where the HTML report goes.")] = Path("backtest.html"),
    trades: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write each trade's plan and outcome, a JSON line each.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the exchange's candles here; the next run goes on from it.")
    ] = None,
    strategies: Annotated[
        Path | None, typer.Option(metavar="DIR", exists=True, file_okay=False, help="Folder with strategies of yours.")
    ] = None,
) -> None:
    """Try a strategy over recorded candles: the scanner's code finds the signals, the live evaluation judges them.

    paperfleet backtest donchian --data recorded/ --timeframe 15m --set channel=30

    paperfleet backtest ema_adx --since 30d --symbol FUTURES:BTCUSDT --symbol ETHUSDT --keep candles/

    Each signal enters at the open of the minute after its candle closed. Figures go to the terminal, the equity curve
    and every trade into the HTML report.
    """
    from paperfleet.report import page
    from services.usecases.backtest import BacktestOptions
    from services.usecases.backtest import backtest as run

    chosen = reading.strategy(strategy, strategies, set_ or [])
    options = BacktestOptions(
        timeframe=timeframe,
        pairs=frozenset(symbol or []),
        position_size=reading.amount(size, "--size"),
        leverage=leverage,
        capital=reading.amount(capital, "--capital"),
        fill_model=fill_model,
        is_single=one_at_a_time,
        **reading.span(since, until),
    )
    with (
        reading.told(),
        reading.recording(data, options, chosen.lookback, keep) as folder,
        reading.progress("looking at pairs", "trying signals") as (looked, tried),
    ):
        result = run(folder, chosen, options, looked, tried)
    _show(result)
    with reading.told():
        page.write(report, result, reading.parameters(chosen))
        if trades is not None:
            reading.write_trades(trades, result.trial)
    typer.echo(f"report: {report}")


def _show(result: "Backtest") -> None:
    from rich.console import Console
    from rich.table import Table

    from paperfleet.report import page, words

    console = Console()
    table = Table(title=f"{result.strategy} at {result.options.timeframe}", title_justify="left", show_header=False)
    for name, value in words.figures(result.summary):
        table.add_row(name, value)
    console.print(page.subtitle(result), highlight=False)
    console.print(table)
    for term in result.terms:
        console.print(term, style="dim", highlight=False)
    if text := words.warning(result.summary):
        console.print(text, style="yellow", highlight=False)
    for problem in result.trial.problems:
        typer.echo(problem, err=True)
