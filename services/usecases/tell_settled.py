"""Name in the log what a transaction opened and closed."""

from collections.abc import Sequence

import structlog

from services.domain.changes import Change

IDS_TOLD = 50
"""A line names at most so many opened and closed trades; there are as many lines as that takes."""

log = structlog.get_logger(__name__)


def tell_settled(changes: Sequence[Change]) -> tuple[int, int]:
    """Log every trade that these committed changes opened and closed; how many there are of each."""
    opened = [change.after.id for change in changes if change.opens]
    closed = [change.after.id for change in changes if change.closes]
    for first in range(0, max(len(opened), len(closed)), IDS_TOLD):
        named = slice(first, first + IDS_TOLD)
        log.info("settled", opened=opened[named], closed=closed[named], trades=len(changes))
    return len(opened), len(closed)
