"""The blocks of the documentation, in order, each with the reason for which it is not run, if there is one."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>.+?) -->\n)?"
    r"(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """Some lines of a page in a language; `reason` says why they cannot run here, and is empty for those that do."""

    page: str
    line: int
    language: str
    body: str
    reason: str


def blocks(page: Path, language: str = "sh") -> list[Block]:
    """The page's blocks in a language."""
    return [block for block in fenced(page) if block.language == language]


def fenced(page: Path) -> list[Block]:
    """All blocks of the page."""
    text = page.read_text()
    return [
        Block(
            page.name, text.count("\n", 0, match.start()) + 1, match["language"], match["body"], match["reason"] or ""
        )
        for match in _FENCE.finditer(text)
    ]
