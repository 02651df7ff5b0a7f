"""The fleet's processes: which there are, in what order they start, and their environment."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.ports import HOST
from deploy.local.service import Command
from services.settings import PREFIX, Settings, SettingsError, load


def fleet(settings: Settings, workers: int) -> list[list[Command]]:
    """In the order of their start, those that stop at once together: the door, which closes last, then who works."""
    program = str(Path(sys.executable).with_name("paperfleet"))  # the command of this environment, not of the PATH's
    environment = clean_environment() | settings.to_environment()
    names = [*((f"worker-{number}", "worker") for number in range(1, workers + 1)), ("scheduler", "scheduler")]
    return [
        [Command("api", [program, "api"], environment)],
        [
            Command(name, [program, command], environment | _metrics_port(settings, number))
            for number, (name, command) in enumerate(names)
        ],
    ]


def _metrics_port(settings: Settings, number: int) -> dict[str, str]:
    """On one machine each process needs a port of its own: the one asked for, and those after it."""
    port = settings.metrics_port + number if settings.metrics_port else 0
    return {f"{PREFIX}METRICS_PORT": str(port)}


def settings_with(ours: Mapping[str, str]) -> Settings:
    """Settings from the caller's PAPERFLEET_ variables, those that the stack itself knows better put over them.

    Raises StackError naming a wrong variable.
    """
    try:
        return load({**os.environ, **{f"{PREFIX}{name.upper()}": value for name, value in ours.items()}})
    except SettingsError as error:
        raise StackError(str(error)) from error


def write_environment(folder: Path, settings: Settings) -> None:
    """Keep the fleet's variables in `settings.env`, for a shell that runs commands beside it."""
    variables = settings.to_environment() | {f"{PREFIX}URL": f"http://{settings.api_host}:{settings.api_port}"}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    path = folder / "settings.env"
    path.touch(mode=0o600)
    path.write_text("".join(lines))


def clean_environment() -> dict[str, str]:
    """The caller's environment without its PAPERFLEET_ variables; a web proxy of theirs is not asked for loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    direct = ",".join(filter(None, [kept.get("no_proxy") or kept.get("NO_PROXY"), HOST, "localhost"]))
    return kept | {"no_proxy": direct, "NO_PROXY": direct}
