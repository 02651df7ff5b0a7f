"""`make up` at a terminal: the first closed trade stands on its screen, and Ctrl-C ends all of it."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.running import FIRST_CLOSE_SECONDS
from tests.servers import PATIENCE

ROOT = Path(__file__).parents[2]
ROWS, COLUMNS = 40, 120
STEERING = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
STOP_SECONDS = 60


class Terminal:
    """A terminal with a program in it, and all that was written on it."""

    def __init__(self, command: list[str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._written = b""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PAPERFLEET_", "MAKE"))
        }
        self.program = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | {"TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def shows(self, pattern: str, seconds: float) -> re.Match[str]:
        """The first match of what was written so far; AssertionError when it has not come in time."""
        end = time.monotonic() + PATIENCE * seconds
        while not (found := re.search(pattern, self.text())):
            assert self._read(end - time.monotonic()), f"{pattern!r} is not on the screen:\n{self.text()[-4000:]}"
        return found

    def text(self) -> str:
        return STEERING.sub(b"", self._written).decode(errors="replace")

    def interrupt(self) -> None:
        """What Ctrl-C does: the terminal tells everything that runs in its foreground."""
        os.killpg(self.program.pid, signal.SIGINT)

    def _read(self, seconds: float) -> bool:
        """Whether something came within `seconds`, before the program's end."""
        if not select.select([self._ours], [], [], max(0.0, seconds))[0]:
            return False
        with contextlib.suppress(OSError):  # what reading says at the end of the last process that had it
            came = os.read(self._ours, 65536)
            self._written += came
            return bool(came)
        return False


@contextmanager
def terminal(command: list[str]) -> Iterator[Terminal]:
    made = Terminal(command)
    try:
        yield made
    finally:
        if made.program.poll() is None:
            made.interrupt()
            made.program.wait(STOP_SECONDS)


@pytest.mark.slow
def test_make_up_shows_the_first_close_on_its_screen(tmp_path: Path, unused_tcp_port: int):
    options = f"--data {tmp_path / 'data'} --port {unused_tcp_port}"
    with terminal(["make", "up", f"ARGS={options}"]) as screen:
        screen.shows(f"http://127.0.0.1:{unused_tcp_port}", FIRST_CLOSE_SECONDS)
        screen.shows(r"(SPOT|FUTURES) +(LONG|SHORT) +CLOSED_(TP|SL) +-?[\d,]+\.\d\d", FIRST_CLOSE_SECONDS)
        screen.interrupt()
        screen.shows("stopped", STOP_SECONDS)
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()
