"""Installs the locked packages into the environment that runs it, and tells how far it is. Needs nothing but pip."""

import subprocess
import sys
from collections import deque
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements" / "lock.txt"
OPTIONS = ("--disable-pip-version-check", "--progress-bar", "off", "--require-hashes")
EVERY = 20
"""Packages between two lines, where the output is no terminal."""

TOLD_MAX = 30


def main() -> int:
    """pip's status; what it said last is printed where that is not 0."""
    total = sum("==" in line for line in LOCK.read_text(encoding="utf-8").splitlines())
    command = [sys.executable, "-m", "pip", "install", *OPTIONS, "-r", str(LOCK)]
    said: deque[str] = deque(maxlen=TOLD_MAX)
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:  # noqa: S603 - ours
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line)
            if line.startswith("Collecting "):
                count += 1
                _tell(f"  {count} of at most {total} packages fetched", is_last=False, may_skip=count % EVERY != 0)
            elif line.startswith("Installing collected packages"):
                _tell("  unpacking them ...", is_last=True)
    if pip.returncode:
        sys.stdout.writelines(["\n", *said])
    return pip.returncode


def _tell(text: str, *, is_last: bool, may_skip: bool = False) -> None:
    if sys.stdout.isatty():
        print(f"\r{text}", end="\n" if is_last else "", flush=True)  # noqa: T201 - progress
    elif is_last or not may_skip:
        print(text, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
