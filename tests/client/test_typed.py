"""Programs that use the client are checked against its types: the package tells checkers that it has some."""

import subprocess
import sys

GOOD = """
from decimal import Decimal

from paperfleet.client import Client

with Client("http://127.0.0.1:1") as fleet:
    trade = fleet.trades.read(7)
    price: Decimal = trade.stop_loss
    names: list[str] = [each.symbol for each in fleet.trades.list(status="OPEN")]
"""
WRONG = GOOD.replace("price: Decimal", "price: str")


def checked(program, folder):
    """What mypy says of a program that lies elsewhere, as somebody else's does."""
    path = folder / "program.py"
    path.write_text(program)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--cache-dir",
        str(folder / "cache"),
        str(path),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False).stdout


def test_a_program_is_checked_against_the_types_of_the_client(tmp_path):
    assert "Success" in (said := checked(GOOD, tmp_path)), said
    assert 'variable has type "str"' in (said := checked(WRONG, tmp_path)), said
