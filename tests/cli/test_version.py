"""The command tells the version of the package that is installed."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

PAPERFLEET = Path(sys.executable).with_name("paperfleet")


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "up", "--port", "none"]])
def test_the_version_is_told_before_anything_else(arguments):
    done = subprocess.run([PAPERFLEET, *arguments], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"paperfleet {metadata.version('paperfleet')}\n", "")
