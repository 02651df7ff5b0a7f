"""Secrets that must not be in the repository: `python -m tests.tidy.secret_scan` lists them with file and line.

Known shapes (private keys, tokens of the usual services, keys of our own with a right checksum), and long random text
assigned to a name like `password`. Tests and the examples of the API's document may hold made-up ones of the last kind.
"""

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from services.domain.credentials import parse_key

ROOT = Path(__file__).parents[2]
SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "an AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60,})\b"),
    "a Slack token": re.compile(r"\bxox[baprs]-[0-9A-Za-z-]{20,}"),
    "a Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a Stripe key": re.compile(r"\b[sr]k_live_[0-9A-Za-z]{20,}\b"),
    "a bot's token": re.compile(r"\b\d{8,10}:AA[0-9A-Za-z_-]{33}\b"),
    "a JSON web token": re.compile(r"\beyJ[0-9A-Za-z_-]{15,}\.eyJ[0-9A-Za-z_-]{15,}\.[0-9A-Za-z_-]{20,}"),
    "a URL with a password": re.compile(
        r"\b(?:postgresql|redis|https?)://[^\s:/@\"'{}]+:[^\s@\"'{}$<*]{6,}@(?!localhost|example)"
    ),
}
OURS = re.compile(r"pt_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}")
ASSIGNED = re.compile(
    r"(?i)\b\w*(?:secret|password|passwd|token|api_?key)\w*[\"']?\s*[:=]\s*[\"']([0-9A-Za-z+/_=-]{24,})[\"']"
)
BITS_MIN = 3.7
"""Of entropy a character: words have less, random text has more."""
INNOCENT = ("requirements/",)
WITH_MADE_UP = ("tests/", "docs/openapi.json")
MADE_UP = "AABBCCDDEEFFGG"
"""What examples in documents are made of."""


def findings(name: str, text: str) -> Iterator[str]:
    """What looks like a secret in a file of this name."""
    for number, line in enumerate(text.splitlines(), 1):
        if MADE_UP in line:
            continue
        for what, shape in SHAPES.items():
            if shape.search(line):
                yield f"{name}:{number}: {what}"
        if any(parse_key(found) for found in OURS.findall(line)):
            yield f"{name}:{number}: a key of this product"
        if not name.startswith(WITH_MADE_UP) and any(_bits(found) >= BITS_MIN for found in ASSIGNED.findall(line)):
            yield f"{name}:{number}: random text under a secret's name"


def scan() -> list[str]:
    """Everything found in the files that git keeps."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found: list[str] = []
    for name in listed.splitlines():
        path = ROOT / name
        if name.startswith(INNOCENT) or not path.is_file():
            continue
        try:
            found += findings(name, path.read_text())
        except UnicodeDecodeError:
            continue
    return found


def _bits(text: str) -> float:
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())


if __name__ == "__main__":
    lines = scan()
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(bool(lines))
