"""Which strategies there are: those that come along, those of installed packages, those in a folder of files.

A package declares the entry point group `paperfleet.strategies`, each entry a Strategy subclass. In the folder every
*.py file is run as a module of its own, and every Strategy subclass that it defines counts. What cannot be loaded is
told, and the others are loaded.
"""

import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from services.scanner.strategies import ALL
from services.scanner.strategy import LOOKBACK_MAX, Parameters, Strategy

GROUP = "paperfleet.strategies"
NAME_MAX = 40

AnyStrategy = Strategy[Any]


class StrategyProblem(msgspec.Struct, frozen=True):
    """Why a strategy, a file or an entry point is left out."""

    name: str
    reason: str


class Registry(msgspec.Struct, frozen=True):
    """The strategies by name, with their parameters set, and what could not be loaded."""

    strategies: dict[str, AnyStrategy]
    problems: tuple[StrategyProblem, ...]


class UnknownParameter(ValueError):
    """A parameter that a strategy does not declare, or a value beyond its bounds; the message says which are."""


def load(
    folder: Path | None = None,
    only: Sequence[str] = (),
    parameters: Mapping[str, Mapping[str, object]] | None = None,
) -> Registry:
    """Every strategy, or those named by `only`, with `parameters` by strategy in place of the defaults."""
    settings = parameters or {}
    problems: list[StrategyProblem] = []
    found: dict[str, type[AnyStrategy]] = {}
    for origin, kind in (*(("built in", each) for each in ALL), *_installed(problems), *_in_folder(folder, problems)):
        reason = _unfit(kind)
        if reason is None and kind.name in found:
            reason = f"another strategy has the name {kind.name!r}"
        if reason is None:
            found[kind.name] = kind
        else:
            problems.append(StrategyProblem(f"{origin}: {kind.__name__}", reason))
    known = ", ".join(sorted(found))
    problems += [
        StrategyProblem(name, f"there is no such strategy; there are {known}")
        for name in dict.fromkeys((*only, *settings))
        if name not in found
    ]
    strategies = {}
    for name in [name for name in found if not only or name in only]:
        try:
            strategies[name] = configured(found[name], settings.get(name, {}))
        except UnknownParameter as error:
            problems.append(StrategyProblem(name, str(error)))
    return Registry(strategies, tuple(problems))


def configured(kind: type[AnyStrategy], parameters: Mapping[str, object]) -> AnyStrategy:
    """A strategy with these parameters; texts are read as the types declared. Raises UnknownParameter."""
    declared = {field.name: field for field in msgspec.structs.fields(kind.parameters_type)}
    values = {
        # A list in a text, as a command line has it: 1.5,3
        name: value.split(",") if isinstance(value, str) and name in declared and "," in value else value
        for name, value in parameters.items()
    }
    if "targets_atr" in values and not isinstance(values["targets_atr"], list | tuple):
        values["targets_atr"] = [values["targets_atr"]]
    try:
        strategy = kind(msgspec.convert(values, kind.parameters_type, strict=False))
    except (msgspec.ValidationError, ValueError) as error:
        raise UnknownParameter(f"{kind.name}: {error}; it has {', '.join(sorted(declared))}") from error
    if not 1 <= strategy.lookback <= LOOKBACK_MAX:
        raise UnknownParameter(f"{kind.name}: wants {strategy.lookback} candles, at most {LOOKBACK_MAX} are kept")
    return strategy


def _unfit(kind: type[AnyStrategy]) -> str | None:
    """What keeps a class from being a strategy."""
    for attribute in ("name", "kind", "parameters_type"):
        if not hasattr(kind, attribute):
            return f"it has no {attribute}"
    if not (str(kind.name).isidentifier() and len(kind.name) <= NAME_MAX):
        return f"its name must be a short identifier, such as my_breakout, not {kind.name!r}"
    if not issubclass(kind.parameters_type, Parameters):
        return "its parameters_type must be a subclass of services.scanner.strategy.Parameters"
    return None


def _installed(problems: list[StrategyProblem]) -> Iterator[tuple[str, type[AnyStrategy]]]:
    for entry in entry_points(group=GROUP):
        origin = f"entry point {entry.name}"
        try:
            kind = entry.load()
        except Exception as error:  # noqa: BLE001 - somebody else's code may raise anything
            problems.append(StrategyProblem(origin, f"{type(error).__name__}: {error}"))
            continue
        if inspect.isclass(kind) and issubclass(kind, Strategy):
            yield origin, kind
        else:
            problems.append(StrategyProblem(origin, "it is not a subclass of services.scanner.strategy.Strategy"))


def _in_folder(folder: Path | None, problems: list[StrategyProblem]) -> Iterator[tuple[str, type[AnyStrategy]]]:
    if folder is None:
        return
    if not folder.is_dir():
        problems.append(StrategyProblem(str(folder), "the folder of strategies does not exist"))
        return
    for path in sorted(folder.glob("*.py")):
        try:
            module = _run(path)
        except Exception as error:  # noqa: BLE001 - somebody else's code may raise anything
            problems.append(StrategyProblem(path.name, f"{type(error).__name__}: {error}"))
            continue
        kinds = [
            each
            for each in vars(module).values()
            if inspect.isclass(each) and issubclass(each, Strategy) and each.__module__ == module.__name__
        ]
        if not kinds:
            problems.append(StrategyProblem(path.name, "it defines no subclass of services.scanner.strategy.Strategy"))
        yield from ((path.name, kind) for kind in kinds)


def _run(path: Path) -> ModuleType:
    name = f"paperfleet_strategies.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # msgspec looks up annotations there
    spec.loader.exec_module(module)
    return module
