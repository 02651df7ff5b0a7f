"""What the commands that try something over candles have in common: options read, data found, progress, errors."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import typer

if TYPE_CHECKING:
    from services.scanner.registry import AnyStrategy
    from services.usecases.backtest import BacktestOptions
    from services.usecases.trial import Trial

_SPANS = {"h": "hours", "d": "days", "w": "weeks"}


class Span(TypedDict, total=False):
    """The options that bound the signals' times."""

    since: datetime
    until: datetime


def fail(text: str) -> typer.Exit:
    """Tells what is wrong and ends the command: `raise fail(...)`."""
    typer.echo(text, err=True)
    return typer.Exit(1)


def strategy(name: str, folder: Path | None, settings: Sequence[str]) -> "AnyStrategy":
    """The strategy of that name with parameters from NAME=VALUE texts; ends the command where there is none."""
    from services.scanner.registry import UnknownParameter, configured, load

    registry = load(folder)
    for problem in registry.problems:
        typer.echo(f"left out: {problem.name}: {problem.reason}", err=True)
    if name not in registry.strategies:
        raise fail(f"there is no strategy {name!r}; there are {', '.join(sorted(registry.strategies))}")
    pairs = [text.partition("=") for text in settings]
    if wrong := [text for text, (_, sign, _) in zip(settings, pairs, strict=True) if not sign]:
        raise fail(f"--set takes NAME=VALUE, not {wrong[0]!r}")
    try:
        return configured(type(registry.strategies[name]), {key: value for key, _, value in pairs})
    except UnknownParameter as error:
        raise fail(str(error)) from None


def parameters(chosen: "AnyStrategy") -> list[tuple[str, str]]:
    """Names and values of its parameters."""
    from paperfleet.cli.strategies import parameters as listed

    return [(name, value) for name, value, _ in listed(chosen)]


def amount(text: str, option: str) -> Decimal:
    """A positive number of USDT; ends the command for anything else."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not (value.is_finite() and 0 < value < Decimal("1e12")):
        raise fail(f"{option} must be a positive number, not {text!r}")
    return value


def span(since: str, until: str) -> Span:
    """The bounds of time that were given."""
    found = Span()
    if since:
        found["since"] = moment(since, "--since")
    if until:
        found["until"] = moment(until, "--until")
    if since and until and found["since"] >= found["until"]:
        raise fail("--since must lie before --until")
    return found


def moment(text: str, option: str) -> datetime:
    """A time: so long ago (12h, 30d, 8w), a date, or a time with or without offset (UTC)."""
    if text[-1:] in _SPANS and text[:-1].isdecimal():
        return datetime.now(UTC) - timedelta(**{_SPANS[text[-1]]: int(text[:-1])})
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"{option} takes 30d, 2025-02-01 or 2025-02-01T12:00, not {text!r}") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


@contextmanager
def recording(data: Path | None, options: "BacktestOptions", lookback: int, keep: Path | None) -> Iterator[Path]:
    """The folder with the candles: the given one, or one filled from the exchange."""
    if data is not None:
        yield data
        return
    from services.usecases.backtest import ALWAYS

    if options.since == ALWAYS or not options.pairs:
        raise fail(
            "give --data DIR, a recording; or --since 30d with --symbol BTCUSDT, to have candles from the exchange"
        )
    from paperfleet.cli.recording import record

    with tempfile.TemporaryDirectory(prefix="paperfleet-") as folder:
        place = keep or Path(folder)
        with progress("bringing candles") as (brought,):
            record(place, options, lookback, brought)
        yield place


@contextmanager
def told() -> Iterator[None]:
    """What a person can mend is told in a line."""
    from services.domain.errors import PaperfleetError

    try:
        yield
    except (PaperfleetError, OSError) as error:
        raise fail(str(error)) from None


@contextmanager
def progress(*steps: str) -> Iterator[list[Callable[[int, int], None]]]:
    """A bar on the terminal for each step, once there is something to wait for."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = [bar.add_task(step, total=None, visible=False) for step in steps]

        def teller(task: TaskID) -> Callable[[int, int], None]:
            return lambda done, total: bar.update(task, completed=done, total=total, visible=True)

        yield [teller(task) for task in tasks]


def write_trades(path: Path, trial: "Trial") -> None:
    """A JSON line a trade: the plan as `paperfleet replay` and `whatif` read it, and the outcome."""
    import msgspec

    from services.usecases.replay_plans import write_outcomes

    write_outcomes(path, [msgspec.json.encode({"plan": each.plan, "outcome": each.outcome}) for each in trial.tried])
