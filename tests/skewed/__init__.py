"""Processes on machines whose clocks are wrong: `set_clock` sets one, and again while they run."""

import struct
from datetime import timedelta
from pathlib import Path

FOLDER = Path(__file__).parent


def set_clock(file: Path, off_by: timedelta) -> dict[str, str]:
    """Have the clock in `file` be so wrong; what a Python process that is to live by it needs in its environment.

    Those that live by it already see it step (see `sitecustomize.py`).
    """
    file.touch()
    with file.open("r+b") as clock:  # never cut short: they look at it all the time
        clock.write(struct.pack("d", off_by.total_seconds()))
    return {"PYTHONPATH": str(FOLDER), "WRONG_CLOCK": str(file)}
