"""The commands that the documentation names, in a sentence or in a block, and what is wrong with each of them.

Of `paperfleet` the group, the command and its options are looked up, in a block that all it needs is there too; of
`python -m` the module and its arguments; of `make` the target and what its recipe makes of ARGS.
"""

import argparse
import contextlib
import importlib
import importlib.util
import inspect
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import typer
from typer._click.exceptions import BadParameter, UsageError

from paperfleet.cli import app
from tests.docs.blocks import ROOT, blocks

PROGRAMS = ("paperfleet", "python", "make")
_FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_RECIPES = {
    target: recipe
    for target, recipe in re.findall(r"^([a-z]+):.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
}
_OTHERS = ("pytest", "pip", "mkdocs", "venv")
"""Modules that are not ours."""


class Named(NamedTuple):
    """A command of a page, as words. `is_whole`: it stands in a block, so nothing of it may be missing."""

    page: str
    line: int
    words: tuple[str, ...]
    is_whole: bool


def named(page: Path) -> Iterator[Named]:
    """Every command of ours in a page, outside of blocks and inside."""
    text = page.read_text()
    prose = _FENCED.sub(lambda match: "\n" * match[0].count("\n"), text)
    for match in _CODE.finditer(prose):
        line = prose.count("\n", 0, match.start()) + 1
        for words in _commands(re.sub(r"[\[\]]", " ", " ".join(match[1].split()))):
            yield Named(page.name, line, words, is_whole=False)
    for block in blocks(page):
        for words in _commands(block.body):
            yield Named(page.name, block.line, words, is_whole=True)


def wrong(words: tuple[str, ...], *, is_whole: bool) -> str:
    """What is wrong with a command; nothing if it could be run."""
    program, *rest = words
    if program == "paperfleet":
        return _wrong_of_ours(rest, is_whole)
    if program == "make":
        return _wrong_target(rest)
    return _wrong_module(rest[1], rest[2:]) if rest[:1] == ["-m"] else ""


def _commands(text: str) -> Iterator[tuple[str, ...]]:
    """The commands of ours in some lines of a shell."""
    lexer = shlex.shlex(_COMMENT.sub("", text.replace("\\\n", " ")), posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    try:
        tokens = list(lexer)
    except ValueError:  # a sentence that is no shell
        return
    words: list[str] = []
    for token in [*tokens, "\n"]:
        if token and not set(token) - set("();<>|&\n"):
            yield from _of_ours(words)
            words = []
        else:
            words.append(token)


def _of_ours(words: list[str]) -> Iterator[tuple[str, ...]]:
    """The command among words that a shell runs: after its variables, in a pod, in a service of the compose file."""
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    if words[:1] == ["kubectl"] and "--" in words:
        words = words[words.index("--") + 1 :]
    if words[-2:-1] == ["-c"] and "sh" in words:
        yield from _commands(words[-1])
    elif words[:3] == ["docker", "compose", "run"]:
        words = _in_a_service(words[3:])
    if words and (program := words[0].rpartition("/")[2]) in PROGRAMS:
        yield program, *words[1:]


def _in_a_service(words: list[str]) -> list[str]:
    """The command of ours that `docker compose run` has, if it is one."""
    while words and words[0].startswith("-"):
        if words[0] == "--entrypoint":
            return []
        words = words[2:] if words[0] == "-v" else words[1:]
    return ["paperfleet", *words[1:]] if words[1:] else []


def _wrong_of_ours(words: list[str], is_whole: bool) -> str:
    command: Any = typer.main.get_command(app)
    path, rest = ["paperfleet"], list(words)
    while rest and not rest[0].startswith("-") and hasattr(command, "commands"):
        if rest[0] not in command.commands:
            return f"`{' '.join(path)}` has no {rest[0]!r}"
        command = command.commands[rest[0]]
        path.append(rest.pop(0))
    if is_whole and not hasattr(command, "commands"):
        return _refused(command, rest)
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    unknown = [word for word in rest if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in options]
    return f"`{' '.join(path)}` has no {', '.join(unknown)}" if unknown else ""


def _refused(command: Any, words: list[str]) -> str:
    try:
        command.make_context(command.name, list(words))
    except UsageError as error:
        is_of_the_reader = type(error) is BadParameter and "does not exist" in str(error)
        return "" if is_of_the_reader else f"{command.name}: {error.format_message()}"
    return ""


def _wrong_target(words: list[str]) -> str:
    arguments = {name: value for name, sign, value in (word.partition("=") for word in words) if sign}
    for target in (word for word in words if "=" not in word):
        if target not in _RECIPES:
            return f"the Makefile has no {target!r}"
        recipe = _RECIPES[target].replace("$(BIN)/", "").replace("@", "").replace("$(ARGS)", arguments.get("ARGS", ""))
        for each in _commands(recipe.replace("\t", "")) if "ARGS" in arguments else ():
            if each[0] != "make" and (found := wrong(each, is_whole=True)):
                return f"make {target}: {found}"
    return ""


def _wrong_module(name: str, arguments: list[str]) -> str:
    if name.partition(".")[0] in _OTHERS:
        return ""
    if importlib.util.find_spec(name) is None:
        return f"there is no module {name}"
    if importlib.util.find_spec(f"{name}.__main__" if _is_package(name) else name) is None:
        return f"{name} is no program"
    module = importlib.import_module(f"{name}.__main__" if _is_package(name) else name)
    if "argparse" not in vars(module):
        return ""
    return _wrong_arguments(module, arguments)


def _is_package(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


class _Understood(Exception):
    """The parser took the arguments; nothing was run."""


def _wrong_arguments(module: Any, arguments: list[str]) -> str:
    """What the module's own parser says to them."""
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser: argparse.ArgumentParser, *_: Any) -> None:
        found = parse(parser, arguments)
        unknown = set(getattr(found, "names", ())) - set(getattr(module, "NAMES", getattr(found, "names", ())))
        if unknown:
            parser.error(f"there is no {', '.join(sorted(unknown))}")
        raise _Understood

    said = io.StringIO()
    with (
        patch.object(argparse.ArgumentParser, "parse_args", only_parse),
        patch.object(sys, "argv", [module.__name__]),
        contextlib.redirect_stderr(said),
    ):
        try:
            module.main(*([arguments] if inspect.signature(module.main).parameters else []))
        except _Understood:
            return ""
        except SystemExit:
            return said.getvalue().strip().rpartition("\n")[2]
    return f"{module.__name__} reads no arguments"
