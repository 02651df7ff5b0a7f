"""Processes that stand still inside a transaction: `stopping_after` gives the environment of one."""

from pathlib import Path

FOLDER = Path(__file__).parent


def stopping_after(statement: str) -> dict[str, str]:
    """What a Python process needs in its environment to stop once such a statement is done (see `sitecustomize.py`)."""
    return {"PYTHONPATH": str(FOLDER), "STOP_AFTER": statement}
