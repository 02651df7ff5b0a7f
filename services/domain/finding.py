"""What an examination of a fleet finds: one fact each, and how to mend it."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """`ok` is as it should be; `warning` wants a look; `error` keeps the fleet from its work, or soon will."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `mend` says what to do; it is empty where nothing is wrong."""

    check: str
    level: Level
    text: str
    mend: str = ""


def fine(check: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(check, Level.OK, text)


def doubt(check: str, text: str, mend: str) -> Finding:
    """It wants a look."""
    return Finding(check, Level.WARNING, text, mend)


def wrong(check: str, text: str, mend: str) -> Finding:
    """It keeps the fleet from its work."""
    return Finding(check, Level.ERROR, text, mend)


def worst(findings: list[Finding]) -> Level:
    """The gravest level among them."""
    levels = list(Level)
    return max((finding.level for finding in findings), key=levels.index, default=Level.OK)
