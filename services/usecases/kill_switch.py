"""The kill switch: from now on nobody makes a trade, and nothing more is handed to anybody's executor."""

import structlog

from services.coordination import doorbell
from services.db import acting, modes
from services.domain.halts import Halt, Halted
from services.usecases.context import Services
from services.usecases.halt import checked_reason, halt
from services.usecases.switch_mode import tell_ended

log = structlog.get_logger(__name__)


async def kill(services: Services, reason: str, by_whom: str) -> list[Halt]:
    """Stop new trades and put every live account back to paper; what is stopped then.

    What was not handed over yet never will be. Live trades are followed to their end, as under any halt. Raises
    InvalidInput for a reason that says nothing.
    """
    reason = checked_reason(reason)
    stopped = await halt(services, Halted.NEW_TRADES, reason, by_whom)  # first: what comes next needs a new trade
    async with services.pool.connection() as connection:
        await acting.tell(connection)
        ended = await modes.end_all(connection, f"kill switch: {reason}", None)
        streams = await tell_ended(connection, ended, f"kill switch: {reason}")
    await doorbell.ring(services.redis, streams)
    log.warning("killed", accounts=[each.account_id for each in ended], reason=reason, by=by_whom)
    return stopped
