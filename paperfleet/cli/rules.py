"""Rules and quiet hours of webhooks and notification targets, as they are written on a command line."""

import shlex
from collections.abc import Iterator, Sequence
from datetime import time
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from paperfleet.client.answers.outlet import QuietHours, Rule

NONE = "none"


def read_rules(texts: Sequence[str]) -> "list[Rule]":
    """The rules of `--rule`, given once for each; `none` is no rule. Ends the command for one that does not read."""
    return [_read_rule(text) for text in texts if text != NONE]


def written_rule(rule: "Rule") -> str:
    """A rule as `--rule` takes it."""
    lists = {"events": rule.events, "account_ids": map(str, rule.account_ids), "sources": map(_quoted, rule.sources)}
    parts = {name: ",".join(values) for name, values in lists.items()}
    minima = {"minimum_profit": rule.minimum_profit, "minimum_loss": rule.minimum_loss}
    parts |= {name: format(least, "f") for name, least in minima.items() if least is not None}
    return " ".join(f"{name}={value}" for name, value in parts.items() if value) or "everything"


def read_quiet(text: str) -> "QuietHours | None":
    """The hours of `--quiet`; None for `none`. Ends the command for anything that does not read."""
    from paperfleet.client.answers.outlet import QuietHours

    if text == NONE:
        return None
    hours, _, zone = text.partition(" ")
    start, _, end = hours.partition("-")
    try:
        return QuietHours(start=time.fromisoformat(start), end=time.fromisoformat(end), time_zone=zone.strip() or "UTC")
    except ValueError:
        wanted = "two times and, unless it is UTC, a time zone: '22:00-07:00 Europe/Berlin'"
        raise typer.BadParameter(f"{text!r} is not {wanted}", param_hint="--quiet") from None


def written_quiet(quiet: "QuietHours") -> str:
    """Quiet hours as `--quiet` takes them."""
    start, end = (each.isoformat().removesuffix(":00") for each in (quiet.start, quiet.end))
    return f"{start}-{end} {quiet.time_zone}"


def _read_rule(text: str) -> "Rule":
    import msgspec

    from paperfleet.client.answers.outlet import Rule

    lists = ("events", "account_ids", "sources")
    found: dict[str, list[str]] = {}
    try:
        for name, value in _named(text):
            if name not in Rule.__struct_fields__:
                raise ValueError(f"a rule has {', '.join(Rule.__struct_fields__)}, not {name!r}")
            found.setdefault(name, []).append(value)
        if repeated := [name for name, values in found.items() if name not in lists and len(values) > 1]:
            raise ValueError(f"{repeated[0]} takes one amount")
        wish = {name: values if name in lists else values[0] for name, values in found.items()}
        return msgspec.convert(wish, Rule, strict=False)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}", param_hint="--rule") from None


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Every name and value of `name=value,value name=value`; a value in quotes keeps its blanks and commas."""
    words = shlex.shlex(text, posix=True, punctuation_chars=",")
    words.whitespace_split, words.commenters = True, ""
    name, goes_on = "", False
    for word in words:
        if word == ",":
            goes_on = True
            continue
        if not goes_on:
            name, sign, word = word.partition("=")
            if not sign:
                raise ValueError(f"{name!r} has no value: events=opened,closed")
        yield name, word
        goes_on = False


def _quoted(name: str) -> str:
    """A source's name, in quotes unless it is a word."""
    return name if name.isalnum() else "'" + name.replace("'", "'\"'\"'") + "'"
