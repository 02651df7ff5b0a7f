"""The shell blocks of the documentation, in order, each with the reason for which it is not run, if there is one."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>.+?) -->\n)?"
    r"(?P<indent> *)```(?:sh|bash|shell|console)\n(?P<body>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """Some commands of a page; `reason` says why they cannot run here, and is empty for those that do."""

    page: str
    line: int
    body: str
    reason: str


def blocks(page: Path) -> list[Block]:
    """The page's shell blocks."""
    text = page.read_text()
    return [
        Block(page.name, text.count("\n", 0, match.start()) + 1, match["body"], match["reason"] or "")
        for match in _FENCE.finditer(text)
    ]
