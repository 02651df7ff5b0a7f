"""One table for all benchmarks: what was measured, against which baseline of the same run, and the bound."""

import json
from collections.abc import Sequence
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


def show(title: str, command: str, rows: Sequence[Row]) -> None:
    """Print the rows and the command that made them."""
    table = Table(title=f"{title}   ({command})", title_justify="left")
    for column in ("what", "figure", "baseline", "ratio", "bound", ""):
        table.add_column(column, overflow="fold")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        verdict = "" if row.holds is None else ("ok" if row.holds else "MISSED")
        table.add_row(row.name, row.figure, row.baseline, ratio, row.bound, verdict)
    Console(width=150).print(table)


def save(path: Path, title: str, command: str, rows: Sequence[Row]) -> None:
    """Append the rows to a JSON file beside the table."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known[title] = {"command": command, "rows": msgspec.to_builtins(rows)}
    path.write_text(json.dumps(known, indent=1))
