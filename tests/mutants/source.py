"""Copies of the source to spoil, and tests run in them."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import hypothesis
import msgspec
import psycopg
import pytest
import redis
import sqlalchemy
import structlog

ROOT = Path(__file__).parents[2]
IMPORTED = (hypothesis, msgspec, psycopg, redis, sqlalchemy, structlog)
"""Here already, so that no fork has to import them."""
FOLDERS = ("services", "workers", "api", "deploy", "docs", "paperfleet", "tests")


@contextmanager
def source_copy() -> Iterator[Path]:
    """A folder with all of the source, gone afterwards."""
    folder = Path(mkdtemp(prefix="mutants-"))
    try:
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_green(folder: Path, tests: Sequence[str], seconds: int) -> bool:
    """Whether the tests pass in the copy; those that do not end in time fail.

    They run in a fork of this process, which has the libraries imported already and nothing of ours.
    """
    pid = os.fork()
    if pid == 0:
        try:
            code = _run(folder, tests, seconds)
        except BaseException:  # noqa: BLE001 - whatever it is, the fork must not go on as its parent
            code = 1
        os._exit(int(code))
    _, status = os.waitpid(pid, 0)
    return status == 0


def _run(folder: Path, tests: Sequence[str], seconds: int) -> int:
    os.setsid()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    for name in [name for name in sys.modules if name.partition(".")[0] in FOLDERS]:
        del sys.modules[name]
    sys.path[:] = [str(folder), *(place for place in sys.path if place not in ("", str(ROOT)))]
    sys.dont_write_bytecode = True
    os.environ.update(PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=str(folder))
    os.chdir(folder)
    options = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
    ]
    return int(pytest.main([*options, *tests]))
