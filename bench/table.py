"""One table for all benchmarks: what was measured, against which baseline of the same run, and the bound."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table


class Row(msgspec.Struct, frozen=True):
    """One figure. `ratio` is measured/baseline unless `figure` says otherwise; `bound` is what it must keep.

    `points` are the numbers behind it, by what they are drawn over, for `python -m bench.plot`.
    """

    name: str
    figure: str
    baseline: str
    ratio: float | None = None
    bound: str = ""
    holds: bool | None = None
    points: dict[str, float] = {}


class Measured(msgspec.Struct, frozen=True):
    """The rows of one benchmark, and the command that made them."""

    title: str
    command: str
    rows: Sequence[Row]
    date: str = msgspec.field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d}")


def show(measured: Sequence[Measured]) -> None:
    """Print the rows of all of them as one table."""
    table = Table()
    for column in ("what", "figure", "baseline", "ratio", "bound", ""):
        table.add_column(column, overflow="fold")
    for each in measured:
        table.add_row(f"[bold]{each.title}[/]", each.command)
        for row in each.rows:
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            verdict = "" if row.holds is None else ("ok" if row.holds else "MISSED")
            table.add_row(row.name, row.figure, row.baseline, ratio, row.bound, verdict)
        table.add_section()
    Console(width=150).print(table)


def save(path: Path, measured: Measured) -> None:
    """Put the rows into the JSON file in place of what it has under the same title."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known[measured.title] = {name: value for name, value in msgspec.to_builtins(measured).items() if name != "title"}
    path.write_text(json.dumps(known, indent=1) + "\n")
