"""What the commands that talk to an API have in common: where it is, how answers are shown, what a person can mend."""

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.text import Text

    from paperfleet.client import Client

MODES = {"paper": "green", "live": "bold red"}

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", envvar="PAPERFLEET_URL", help="Where the API is.", show_default="port 8000"),
]
KeyText = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", envvar="PAPERFLEET_KEY", help="An API key; no need locally."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs; of a list, a line each.")]
Most = Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="How many at most.")]
AccountId = Annotated[int | None, typer.Option("--account", metavar="ID", help="Another account than the first.")]


def group(text: str) -> typer.Typer:
    """A command with subcommands."""
    return typer.Typer(help=text, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@contextlib.contextmanager
def asking(url: str | None, key: str | None) -> "Iterator[Client]":
    """A client; ends the command with one line where it cannot be made."""
    from paperfleet.client import Client

    try:
        client = Client(url, key, retries=0)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    with client:
        yield client


def show(answer: Any, as_json: bool, rows: Iterable[tuple[str, object]]) -> None:
    """One thing: its JSON, or names and values."""
    if as_json:
        tell_json(answer)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value is not None and value != "":
            table.add_row(name, _cell(name, value))
    Console(width=None if sys.stdout.isatty() else 200).print(table, highlight=False)


def show_list(answers: Iterable[Any], as_json: bool, columns: Sequence[tuple[str, str]], empty: str) -> None:
    """Many things: a line of JSON each, or a table with the attributes named in `columns` under their titles."""
    if as_json:
        for answer in answers:
            tell_json(answer)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    first, *_ = found = list(answers) or [None]
    if first is None:
        typer.echo(empty)
        return
    for title, name in columns:
        is_number = any(isinstance(getattr(each, name), (int, Decimal, float)) for each in found)
        table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
    for each in found:
        table.add_row(*(_cell(name, getattr(each, name)) for _, name in columns))
    Console(width=None if sys.stdout.isatty() else 200).print(table, highlight=False)


def _cell(name: str, value: object) -> "Text":
    """A value of a table; an account's mode in the colour that it has everywhere."""
    from rich.text import Text

    text = told(value)
    return Text(text.upper(), style=MODES[text]) if name == "mode" and text in MODES else Text(text)


def tell_json(answer: Any) -> None:
    """One line of JSON."""
    import msgspec

    typer.echo(msgspec.json.encode(answer).decode())


def told(value: object) -> str:
    """A value for people: numbers without useless zeros, times to the second in UTC."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (tuple, list)):
        return ", ".join(told(each) for each in value)
    return str(value)
