"""Stop the fleet, or only new trades; let them go on; and ask whether they may."""

import structlog

from services.coordination import doorbell
from services.db import acting, halts, market_events
from services.db.pool import Connection
from services.domain.errors import Conflict, InvalidInput
from services.domain.halts import Halt, Halted, refusal
from services.usecases.context import Services

REASON_MAX = 400

log = structlog.get_logger(__name__)


async def halt(services: Services, what: Halted, reason: str, by_whom: str) -> list[Halt]:
    """Stop `what` for every process; what is stopped then. The first reason stays until it goes on.

    Transactions that have begun end as they would have. Raises InvalidInput for a reason that says nothing.
    """
    reason = checked_reason(reason)
    async with services.pool.connection() as connection:
        await acting.tell(connection)
        if await halts.put(connection, what, reason, by_whom) is not None:
            event = {"what": what, "reason": reason, "by": by_whom}
            await market_events.append(connection, [("system", "halted", event)])
            log.warning("halted", what=what, reason=reason, by=by_whom)
        stopped = await halts.in_force(connection)
    await doorbell.ring(services.redis, [market_events.STREAM])
    return stopped


def checked_reason(reason: str) -> str:
    """The reason without white space around it. Raises InvalidInput for one that says nothing."""
    reason = reason.strip()
    if not (0 < len(reason) <= REASON_MAX and reason.isprintable()):
        raise InvalidInput("bad_reason", f"say why, in at most {REASON_MAX} printable characters", field="reason")
    return reason


async def resume(services: Services, what: Halted, by_whom: str) -> list[Halt]:
    """Let `what` go on; what is stopped then. Repetition changes nothing."""
    async with services.pool.connection() as connection:
        await acting.tell(connection)
        if await halts.lift(connection, what):
            await market_events.append(connection, [("system", "resumed", {"what": what, "by": by_whom})])
            log.warning("resumed", what=what, by=by_whom)
        stopped = await halts.in_force(connection)
    await doorbell.ring(services.redis, [market_events.STREAM])
    return stopped


async def read_halts(services: Services) -> list[Halt]:
    """What is stopped, oldest first."""
    async with services.pool.connection() as connection:
        return await halts.in_force(connection)


async def is_paused(services: Services) -> bool:
    """Whether the fleet is to leave the market alone."""
    return any(each.what is Halted.FLEET for each in await read_halts(services))


async def refused_new_trades(connection: Connection) -> Conflict | None:
    """Why this transaction may make no trade; None when it may."""
    return refusal(await halts.in_force(connection))
