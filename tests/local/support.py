"""Processes beside the test: a parent that can be killed, and whether a pid still lives."""

import asyncio
import sys
from pathlib import Path

# Starts both servers on the folder given, says their pids and waits to be killed.
BOTH_SERVERS = """
import asyncio, sys
from pathlib import Path
from deploy.local.postgres import Postgres
from deploy.local.valkey import Valkey

async def main():
    folder = Path(sys.argv[1])
    tell = lambda text: print(text, flush=True)
    with (folder / "log").open("ab") as log:
        processes = [await server(folder, tell).start(log.fileno()) for server in (Postgres, Valkey)]
    print("pids", *(process.pid for process in processes), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def started(code: str, *arguments: str) -> asyncio.subprocess.Process:
    """Another Python process, its standard output in a pipe."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )


async def said(process: asyncio.subprocess.Process, word: str) -> list[str]:
    """The words after `word` in the first line that begins with it."""
    while line := (await process.stdout.readline()).decode():
        first, *rest = line.split()
        if first == word:
            return rest
    raise AssertionError(f"the process ended without saying {word!r}")


def lives(pid: int) -> bool:
    """Whether the process runs: one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
