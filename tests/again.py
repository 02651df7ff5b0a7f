"""What failed beside a neighbour, once more alone: `python -m tests.again`, after a run that failed.

A test of processes, of the dashboard or of the command line may fail for want of time on a busy machine, and is judged
by the second run. In FIRM the order of things is drawn by seeds, not by the machine: what failed there once fails,
whatever comes after.
"""

import json
import subprocess
import sys
from pathlib import Path

FIRM = ("domain", "evaluation", "simulation")
FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main() -> None:
    """Exit status 0 when all that failed may be excused."""
    failed = _failed()
    firm = [name for name in failed if name.startswith(tuple(f"tests/{folder}/" for folder in FIRM))]
    print("Running what failed once more, alone ...", flush=True)
    again = [sys.executable, "-m", "pytest", "--last-failed", "--last-failed-no-failures", "none"]
    status = subprocess.call(again)
    still = _failed()
    for name in (name for name in failed if name not in still):
        told = "and must not fail at all" if name in firm else "which is let pass"
        print(f"failed beside its neighbour, passed alone, {told}: {name}")
    sys.exit(bool(status or firm))


def _failed() -> list[str]:
    """The tests, or files that could not be read, of the last run."""
    return sorted(json.loads(FAILED.read_text())) if FAILED.exists() else []


if __name__ == "__main__":
    main()
