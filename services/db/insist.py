"""Asking PostgreSQL while a process starts: nothing that runs asks again then, as it does later."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

import psycopg
import structlog

from services.domain.errors import Unavailable

Answer = TypeVar("Answer")

START_SECONDS = 30
"""How long a process waits for its database when it starts."""
PAUSE_SECONDS = 0.2

log = structlog.get_logger(__name__)


async def insist(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `ask` answers, asked again while PostgreSQL is lost meanwhile, so that it must bear to be.

    Raises Unavailable when it is still lost after START_SECONDS.
    """
    until = monotonic() + START_SECONDS
    while True:
        try:
            return await ask()
        except psycopg.OperationalError as error:
            if monotonic() >= until:
                raise Unavailable(f"PostgreSQL cannot be reached: {error}") from None
            log.warning("database_lost_at_start", reason=str(error))
        await asyncio.sleep(PAUSE_SECONDS)
