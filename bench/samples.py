"""Where the time of running processes goes: py-spy notes each one's Python stack so many times a second."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

PROGRAM = Path(sys.executable).with_name("py-spy")
RATE = 100
OURS = ("services/", "api/", "workers/")


class Frame(NamedTuple):
    """A function, with its class, and the file it stands in, from its package on."""

    function: str
    file: str

    def __str__(self) -> str:
        return f"{self.function} ({self.file})"


Stacks = Counter[tuple[Frame, ...]]
"""How often each stack was met, the outermost frame first."""


async def sampled(pids: Iterable[int], seconds: int) -> dict[int, Stacks]:
    """What each of these processes, at once and from now on, was met at while it held the interpreter.

    Raises RuntimeError where py-spy may not look into them.
    """
    with TemporaryDirectory(prefix="paperfleet-bench-") as folder:
        files = {pid: Path(folder) / str(pid) for pid in pids}
        await asyncio.gather(*(_record(pid, seconds, file) for pid, file in files.items()))
        return {pid: _stacks(file.read_text()) for pid, file in files.items()}


async def _record(pid: int, seconds: int, file: Path) -> None:
    # --nonblocking: who is stopped for every look answers late, and then has other things to do than usually.
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "record", "--pid", str(pid), "--duration", str(seconds), "--rate", str(RATE), "--output", str(file),
        "--format", "raw", "--function", "--gil", "--nonblocking",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, told = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"py-spy cannot look into process {pid}: {told.decode().strip()}")


def _stacks(text: str) -> Stacks:
    found = Stacks()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        found[tuple(map(_frame, stack.split(";")))] += int(count)
    return found


def _frame(text: str) -> Frame:
    """Of `function (file:line)`."""
    function, _, place = text.partition(" (")
    return Frame(function, place.rpartition(":")[0])
