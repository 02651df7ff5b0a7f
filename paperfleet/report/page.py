"""The report of a backtest: equity curve, figures, how it was made, and the trades."""

from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from paperfleet.report import chart, words
from services.usecases.backtest import Backtest

TRADES_MAX = 2000


def write(path: Path, result: Backtest, parameters: list[tuple[str, str]]) -> None:
    """Write the report to `path`, whole or not at all. Raises OSError."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(render(result, parameters), encoding="utf-8")
    draft.replace(path)


def render(result: Backtest, parameters: list[tuple[str, str]]) -> str:
    """The report as one HTML document."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string((resources.files(__package__) / "backtest.html").read_text(encoding="utf-8"))
    options, trades = result.options, result.trial.tried
    return template.render(
        title=f"{result.strategy} at {options.timeframe}",
        subtitle=subtitle(result),
        chart=chart.chart(result.summary.equity, options.capital),
        width=chart.WIDTH,
        height=chart.HEIGHT,
        left=chart.LEFT,
        figures=words.figures(result.summary),
        warning=words.warning(result.summary),
        terms=result.terms,
        how=[
            ("Capital, USDT", f"{options.capital:,f}"),
            ("Margin of a trade, USDT", f"{options.position_size:f}"),
            ("Leverage on futures", str(options.leverage)),
            ("Fill model", options.fill_model.value),
            ("Trades of a pair", "one at a time" if options.is_single else "each signal, side by side"),
            *parameters,
        ],
        trades=[words.trade_row(each) for each in trades[:TRADES_MAX]],
        left_out=max(len(trades) - TRADES_MAX, 0),
    )


def subtitle(result: Backtest) -> str:
    """What was looked at, in a line."""
    if result.first is None or result.last is None:
        return f"{result.pairs} pairs, no candles"
    return (
        f"{result.pairs} pairs, {result.candles:,} candles from {result.first:%Y-%m-%d %H:%M} to "
        f"{result.last:%Y-%m-%d %H:%M} UTC, {len(result.signals):,} signals"
    )
