"""What the commands that talk to an API have in common: where it is, how answers are shown, what a person can mend."""

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
Id = Annotated[int, typer.Argument(metavar="ID", help="Its number.")]
Once = Annotated[
    str | None, typer.Option("--once", metavar="TEXT", help="Given again with the same text, it does nothing twice.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether it is meant; it cannot be taken back.")]
OfAccount = Annotated[
    int | None, typer.Option("--account", metavar="ID", help="Of this account only; else of all that are yours.")
]
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


def sure(question: str, yes: bool) -> None:
    """Asks before what cannot be taken back, unless `yes`; ends the command if it is not meant, or nobody is there."""
    if yes:
        return
    if not sys.stdin.isatty():
        typer.echo(f"{question} It cannot be taken back: say --yes", err=True)
        raise typer.Exit(2)
    typer.echo(f"{question} [y/N] ", err=True, nl=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        typer.echo("nothing was changed", err=True)
        raise typer.Exit(1)


def number_of(text: str, things: Iterable[Any], kind: str, listed_by: str) -> int:
    """The id of one of `things`, named by its number, or by its name, for which they are looked through."""
    if text.isdecimal():
        return int(text)
    for each in things:
        if each.name == text:
            return int(each.id)
    raise typer.BadParameter(f"there is no {kind} {text!r}: see `{listed_by}`")


def or_none(wish: Mapping[str, Any]) -> dict[str, Any]:
    """What was given; `none` takes a thing away."""
    return {field: None if value == "none" else value for field, value in wish.items() if value is not None}


def whole(text: str | None, option: str) -> int | str | None:
    """A whole number, or `none`."""
    if text is None or text == "none":
        return text
    if not text.isdecimal():
        raise typer.BadParameter(f"a limit is a whole number or none, not {text!r}", param_hint=option)
    return int(text)


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


def tell_done(as_json: bool, deed: str, thing: int | str, sentence: str) -> None:
    """What an operation did that answers nothing: a sentence, or the deed and what it was done to as JSON."""
    if as_json:
        tell_json({deed: thing})
    else:
        typer.echo(sentence)


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
