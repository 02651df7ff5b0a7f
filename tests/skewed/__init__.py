"""Processes on machines whose clocks are wrong: `clock_off_by` gives the environment of one."""

from datetime import timedelta
from pathlib import Path

FOLDER = Path(__file__).parent


def clock_off_by(skew: timedelta) -> dict[str, str]:
    """What a Python process needs in its environment to live on such a machine (see `sitecustomize.py`)."""
    return {"PYTHONPATH": str(FOLDER), "SKEW_SECONDS": str(skew.total_seconds())}
