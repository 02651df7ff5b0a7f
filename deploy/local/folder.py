"""The data folder: one holder at a time, and a second one is told who it is."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from deploy.local.errors import FolderBusy, StackError


class DataFolder:
    """A held data folder; `path` is absolute."""

    def __init__(self, path: Path, lock: TextIO) -> None:
        self.path = path
        self._lock = lock
        self._since = datetime.now(UTC)

    def announce(self, url: str) -> None:
        """Write who holds the folder, for a second one to tell its user."""
        about = {"pid": os.getpid(), "url": url, "since": self._since.isoformat(timespec="seconds")}
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(json.dumps(about) + "\n")
        self._lock.flush()


@contextlib.contextmanager
def hold(path: Path) -> Iterator[DataFolder]:
    """Make the folder if need be and hold it until the end of the block, or of this process, however it comes.

    Raises FolderBusy naming the holder's pid, address and start, StackError if the folder cannot be used.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (path / "lock").open("a+")
    except OSError as error:
        raise StackError(f"the data folder {path} cannot be used: {error.strerror}") from error
    with lock:  # not inheritable: it goes with us, though a child should live on
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderBusy(f"paperfleet already runs on {path}: {_holder(lock)}") from None
        folder = DataFolder(path.resolve(), lock)
        folder.announce("")
        yield folder


def _holder(lock: TextIO) -> str:
    lock.seek(0)
    try:
        about = json.loads(lock.read())
        where = about["url"] or "still starting"
        return f"{where} (process {about['pid']}, since {about['since']})"
    except (ValueError, KeyError, TypeError):  # it is being written at this moment
        return "it has just started"
