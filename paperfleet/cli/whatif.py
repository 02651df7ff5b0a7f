"""`paperfleet whatif`: recorded signals with other stops, targets, fees or fills."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli import reading
from services.domain.fills import FillModel

if TYPE_CHECKING:
    from services.domain.fees import FeeRates
    from services.domain.market import Market
    from services.usecases.told_plans import Told
    from services.usecases.trial import Tried
    from services.usecases.what_if import WhatIf


def whatif(
    signals: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", exists=True, dir_okay=False, help="Signals, one JSON object a line: plans of a replay."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", exists=True, file_okay=False, help="A recording, laid out as Binance's dumps."),
    ] = None,
    source: Annotated[
        str, typer.Option(metavar="NAME|ID", help="Take the signals of this source, from the database.")
    ] = "",
    since: Annotated[str, typer.Option(metavar="30d|TIME", help="Signals of a source from then on.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Signals of a source before then.")] = "",
    stop_factor: Annotated[str, typer.Option(metavar="F", help="Stops at F times their distance.")] = "",
    stop_percent: Annotated[str, typer.Option(metavar="P", help="Stops P percent from the entry.")] = "",
    target_factor: Annotated[str, typer.Option(metavar="F", help="Targets at F times their distance.")] = "",
    target_percent: Annotated[
        str, typer.Option(metavar="P", help="Targets in steps of P percent from the entry.")
    ] = "",
    trailing_percent: Annotated[str, typer.Option(metavar="P", help="A stop that trails P percent behind.")] = "",
    time_stop_hours: Annotated[
        str, typer.Option(metavar="H", help="Closed H hours after the entry at the latest.")
    ] = "",
    leverage: Annotated[int | None, typer.Option(min=1, max=150, help="Of trades on futures.")] = None,
    size: Annotated[str, typer.Option(metavar="USDT", help="Margin of each trade.")] = "",
    maker_fee: Annotated[str, typer.Option(metavar="P", help="Percent, instead of the exchange's regular rates.")] = "",
    taker_fee: Annotated[str, typer.Option(metavar="P", help="Percent, instead of the exchange's regular rates.")] = "",
    fill_model: Annotated[FillModel | None, typer.Option(help="How kindly orders are filled.")] = None,
    was_fill_model: Annotated[
        FillModel, typer.Option(help="The same for the trades as they were.")
    ] = FillModel.REALISTIC,
    capital: Annotated[str, typer.Option(metavar="USDT", help="What drawdown and ratios stand on.")] = "10000",
    trades: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the changed trades, a JSON line each.")
    ] = None,
) -> None:
    """Try recorded signals again with other exits, costs or fills, and compare with what was.

    paperfleet whatif trades.jsonl --data recorded/ --stop-factor 1.5

    paperfleet whatif --source scanner:donchian --since 30d --data recorded/ --target-percent 2 --fill-model harsh

    Both are tried over the same candles; of a source, a third column has the trades that really came of the same
    signals on its owner's accounts. Distances are from the price at which a signal was entered.
    """
    from services.domain.what_if import Changes
    from services.usecases.what_if import Terms
    from services.usecases.what_if import what_if as run

    if data is None:
        raise reading.fail("give --data DIR, a recording of the signals' time; `backtest --keep DIR` makes one")
    told, traded = _told(signals, source, since, until)
    hours = _optional(time_stop_hours, "--time-stop-hours")
    changes = Changes(
        stop_factor=_optional(stop_factor, "--stop-factor"),
        stop_percent=_optional(stop_percent, "--stop-percent"),
        target_factor=_optional(target_factor, "--target-factor"),
        target_percent=_optional(target_percent, "--target-percent"),
        trailing_percent=_optional(trailing_percent, "--trailing-percent"),
        time_stop=None if hours is None else timedelta(seconds=int(hours * 3600)),
        leverage=leverage,
        position_size=_optional(size, "--size"),
    )
    was = Terms(was_fill_model, _fees(None, None))
    fees = _fees(_optional(maker_fee, "--maker-fee"), _optional(taker_fee, "--taker-fee"))
    would = Terms(fill_model or was_fill_model, fees)
    on = reading.amount(capital, "--capital")
    with reading.told(), reading.progress("as it was", "what if") as (first, second):
        result = run(data, told.plans, changes, was, would, on, first, second, percents=told.percents, traded=traded)
    _show(result)
    for text in (*told.problems, *result.problems):
        typer.echo(text, err=True)
    if trades is not None:
        with reading.told():
            reading.write_trades(trades, result.would)


def _told(signals: Path | None, source: str, since: str, until: str) -> "tuple[Told, list[Tried]]":
    if (signals is None) == (not source):
        raise reading.fail("give either a FILE of signals, or --source NAME to take them from the database")
    if signals is not None:
        from services.usecases.told_plans import Told
        from services.usecases.what_if import read_plans

        with reading.told():
            plans, problems = read_plans(signals)
        return Told(tuple(plans), {}, tuple(problems)), []
    return _told_by_source(source, since, until)


def _told_by_source(source: str, since: str, until: str) -> "tuple[Told, list[Tried]]":
    import asyncio

    from paperfleet.cli.processes import process_settings
    from services.bootstrap import build
    from services.usecases.told_plans import plans_of_source, trades_of

    settings, span = process_settings(), reading.span(since, until)

    async def run() -> "tuple[Told, list[Tried]]":
        async with build(settings, name="paperfleet whatif") as services, services.pool.connection() as connection:
            told = await plans_of_source(connection, source, span.get("since"), span.get("until"))
            return told, await trades_of(connection, told.plans)

    with reading.told():
        told, traded = asyncio.run(run())
    if not told.plans:
        raise reading.fail(f"no signals of the source {source!r} in that time")
    return told, traded


def _optional(text: str, option: str) -> Decimal | None:
    return reading.amount(text, option) if text else None


def _fees(maker: Decimal | None, taker: Decimal | None) -> "Mapping[Market, FeeRates]":
    """The regular rates, with these percents in their place."""
    from services.domain.fees import DEFAULT_FEES, FeeRates

    return {
        market: FeeRates(
            maker=rates.maker if maker is None else maker / 100, taker=rates.taker if taker is None else taker / 100
        )
        for market, rates in DEFAULT_FEES.items()
    }


def _show(result: "WhatIf") -> None:
    from rich.console import Console
    from rich.table import Table

    from paperfleet.report import words

    table = Table(title="what if", title_justify="left")
    columns = {"as it was": result.was_summary, "what if": result.would_summary}
    if result.traded_summary is not None:
        columns["as traded"] = result.traded_summary
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for figures in zip(*map(words.figures, columns.values()), strict=True):
        values = [value for _, value in figures]
        table.add_row(figures[0][0], *values, style="" if values[0] == values[1] else "bold")
    console = Console()
    console.print(table)
    console.print(f"{result.otherwise} of {len(result.would.tried)} trades ended otherwise.", highlight=False)
    if result.traded.tried:
        signals, trades = len({each.plan.id for each in result.traded.tried}), len(result.traded.tried)
        console.print(f"As traded: {trades} trades that came of {signals} of these signals.", highlight=False)
    for term in result.terms:
        console.print(term, style="dim", highlight=False)
    if text := words.warning(result.was_summary):
        console.print(text, style="yellow", highlight=False)
