"""A folder in memory for servers whose data nobody needs: a database is made there in a twentieth of the time."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Two servers at their largest."""
_PREFIX = "paperfleet-tests-"


@contextmanager
def folder(otherwise: Path) -> Iterator[Path]:
    """A folder in memory, until the end of the context; `otherwise` where there is no memory, or too little."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        yield otherwise
        return
    _forget_the_dead()
    made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=MEMORY))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _forget_the_dead() -> None:
    """Remove what processes have left that were killed: nobody else frees that memory."""
    for left in MEMORY.glob(f"{_PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
