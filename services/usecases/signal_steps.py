"""Go over undecided pairs of signal and account step by step, and past one that a fault of ours cannot decide.

Such a pair stays undecided, so it is tried again by the next pass; it holds up no other meanwhile.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import structlog

from services.db import decisions
from services.db.decisions import PAIRS_MAX, Place
from services.domain.signal import SignalAction
from services.telemetry import SIGNALS_UNDECIDABLE
from services.usecases.context import Services
from services.usecases.faults import FAULTS

T = TypeVar("T")
_NARROWED = 8

log = structlog.get_logger(__name__)


async def steps(
    services: Services, action: SignalAction, decide: Callable[[Place, int], Awaitable[tuple[Place, T] | None]]
) -> AsyncIterator[T]:
    """What `decide` comes to, step by step, of the signals of one kind.

    It decides at most so many pairs after a place, and answers with its last one; None: there are no more.
    """
    after, most = (0, 0), PAIRS_MAX
    while True:
        try:
            done = await decide(after, most)
        except FAULTS:
            if most == 1:
                found = await _next(services, after, action)
                if found is None:  # it is of no pair
                    raise
                after = found
                SIGNALS_UNDECIDABLE.inc()
                log.exception("signal_undecidable", signal=after[0], account=after[1])
            most = max(1, most // _NARROWED)
            continue
        if done is None:
            return
        after, came_to = done
        most = min(PAIRS_MAX, most * _NARROWED)
        yield came_to


async def _next(services: Services, after: Place, action: SignalAction) -> Place | None:
    async with services.pool.connection() as connection:
        pairs = await decisions.claim(connection, after, action, 1)
        await connection.rollback()
    return (pairs[0].signal_id, pairs[0].account_id) if pairs else None
