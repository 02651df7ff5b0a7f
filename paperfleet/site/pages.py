"""Reference pages made from the code, so that they cannot lie: commands, settings, metrics, API, formulas."""

import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import typer
from prometheus_client.metrics import MetricWrapperBase

from paperfleet.client.transports import KEY_VARIABLE, URL_VARIABLE
from services.settings import IN_FILES, PREFIX, Settings

_MODULES_OF_METRICS = ("api.metrics", "api.outlet_metrics", "services.telemetry", "workers.observe")
_FLEET_METRIC = re.compile(r'_(?:by|one)\(\s*"(\w+)",\s*"([^"]+)"(?:,\s*"(\w+)")?')


def pages() -> dict[str, Callable[[], str]]:
    """What makes each page, by its path in the site."""
    return {
        "reference/cli.md": cli,
        "reference/settings.md": settings,
        "reference/metrics.md": metrics,
        "reference/api.md": api,
        "reference/formulas.md": formulas,
    }


def cli() -> str:
    """Every command with its arguments and options."""
    from paperfleet.cli import app

    group: Any = typer.main.get_command(app)
    lines = ["# Commands", "", _text(group.help or ""), "", *_parameters(group)]
    for path, command in commands("paperfleet", group):
        lines += [f"## `{path}`", "", _text(command.help or ""), "", *_parameters(command)]
    return "\n".join(lines)


def settings() -> str:
    """Every variable with its type and default, and what the code says of it."""
    rows = []
    for field in msgspec.structs.fields(Settings):
        default = (
            "required"
            if field.default is msgspec.NODEFAULT
            else f"`{field.default}`"
            if str(field.default)
            else "empty"
        )
        kind = getattr(field.type, "__name__", str(field.type)).replace("typing.", "")
        rows.append((f"`{PREFIX}{field.name.upper()}`", f"`{kind}`", default))
        if field.name in IN_FILES:
            rows.append((f"`{PREFIX}{field.name.upper()}_FILE`", "path of a file", "empty"))
    words = inspect.cleandoc(Settings.__doc__ or "")
    lines = ["# Settings", "", "Environment variables of every process. A misspelt one stops it with its name.", ""]
    lines += _table(("variable", "type", "default"), rows)
    lines += ["## What they mean", "", "```text", words, "```", ""]
    lines += ["## Of programs that ask the API", "", "Commands that talk through it, and the Python client.", ""]
    asking = (
        (f"`{URL_VARIABLE}`", "`http://127.0.0.1:8000`", "where the API is"),
        (f"`{KEY_VARIABLE}`", "empty", "an API key; a local run wants none"),
    )
    return "\n".join([*lines, *_table(("variable", "default", "meaning"), asking)])


def metrics() -> str:
    """Everything that processes export for Prometheus."""
    from api import fleet_metrics

    rows: set[tuple[str, ...]] = set()
    for module in map(importlib.import_module, _MODULES_OF_METRICS):
        for metric in vars(module).values():
            if isinstance(metric, MetricWrapperBase):
                (family,) = metric.describe()
                suffix = "_total" if family.type == "counter" else ""
                labels = _labels(*metric._labelnames)
                rows.add((f"`{family.name}{suffix}`", family.type, labels, family.documentation))
    told = _FLEET_METRIC.findall(inspect.getsource(fleet_metrics))
    fleet = [(f"`{fleet_metrics.PREFIX}{name}`", "gauge", _labels(label), text) for name, text, label in told]
    head = ("name", "type", "labels", "meaning")
    lines = ["# Metrics", "", "## Of a process", "", "At its own `/metrics`; sum them over processes.", ""]
    lines += _table(head, sorted(rows))
    lines += ["## Of the fleet", "", "At every API's `/metrics`, the same from each: take `max`, never `sum`.", ""]
    return "\n".join([*lines, *_table(head, fleet)])


def api() -> str:
    """Every operation of the HTTP API."""
    from api.contract import document

    told = json.loads(document())
    lines = ["# HTTP API", "", "The whole contract is at `/api/openapi.json`, to be read and tried at `/api/docs`.", ""]
    by_tag: dict[str, list[tuple[str, ...]]] = {}
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["Other"])[0]
            row = (f"`{method.upper()}`", f"`{path}`", _text(operation.get("summary", "")))
            by_tag.setdefault(tag, []).append(row)
    for tag in sorted(by_tag):
        lines += [f"## {tag}", "", *_table(("method", "path", "what"), by_tag[tag]), ""]
    return "\n".join(lines)


def formulas() -> str:
    """The figures as the code that computes them defines them."""
    from services.domain.metrics import drawdown, figures, returns
    from services.domain.view import TradeView
    from services.usecases.performance import Performance

    parts = [
        ("Figures over closed trades", figures.Figures),
        ("Figures that follow the order of trades", Performance),
        ("Ratios from days", returns.Returns),
        ("Drawdown", drawdown.Drawdown),
        ("Of one trade", TradeView),
    ]
    lines = ["# Formulas", "", "Each is the docstring of what computes it. What is undefined is null.", ""]
    for title, thing in parts:
        lines += [f"## {title}", "", "```text", inspect.cleandoc(thing.__doc__ or ""), "```", ""]
    return "\n".join(lines)


def commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Each command below `command`, which is called `path`, by the words that call it."""
    if hasattr(command, "commands"):
        for name in sorted(command.commands):
            yield from commands(f"{path} {name}", command.commands[name])
    else:
        yield path, command


def _labels(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names if name)


def _parameters(command: Any) -> list[str]:
    rows = [(_name(each), _text(getattr(each, "help", None) or ""), _default(each)) for each in command.params]
    return _table(("argument or option", "meaning", "default"), rows) if rows else []


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    return "" if parameter.default in (None, "", False, ()) or callable(parameter.default) else f"`{parameter.default}`"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows), ""]


def _text(words: str) -> str:
    return re.sub(r"\s+", " ", words).strip()
