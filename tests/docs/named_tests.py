"""The tests that the documentation names, by their path and perhaps by their own name."""

import re
from collections.abc import Iterator

from tests.docs.blocks import ROOT

_TEST = re.compile(r"\b(?P<path>tests/[\w/]+(?:\.\w+)?)(?:::(?P<name>\w+))?|`::(?P<next>\w+)`")


def named_tests(text: str) -> Iterator[tuple[str, str]]:
    """Every path below `tests/` in a text, with the test in it or nothing; `::` alone names one of the file before."""
    path = ""
    for match in _TEST.finditer(text):
        path = match["path"] or path
        yield path, match["name"] or match["next"] or ""


def wrong_test(path: str, name: str) -> str:
    """What is wrong with a path and a test's name; nothing if there is such a test."""
    if not (ROOT / path).exists():
        return f"there is no {path}"
    is_there = not name or re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE)
    return "" if is_there else f"{path} has no {name}"
