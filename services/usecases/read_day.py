"""The last day of all pairs, kept for a while: it is the same for everybody, and costs a probe an hour and pair."""

import asyncio
import time

from services.db import day_courses
from services.db.day_courses import DayCourse
from services.domain.candles import Timeframe
from services.domain.market import Market
from services.usecases.context import Services

KEPT_SECONDS = 60.0


class DayReader:
    """Reads the courses; keeps them for a minute of wall time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: list[DayCourse] = []
        self._again_at = 0.0
        self._reading = asyncio.Lock()

    async def read(self) -> list[DayCourse]:
        """By market and symbol. Raises what keeps the database, or the exchange's clock, from answering."""
        async with self._reading:
            if time.monotonic() >= self._again_at:
                self._known = [course for market in Market for course in await self._of(market)]
                self._again_at = time.monotonic() + KEPT_SECONDS
            return self._known

    async def _of(self, market: Market) -> list[DayCourse]:
        hour = Timeframe.H1.floor(await self._services.clock.now(market))
        async with self._services.pool.connection() as connection:
            return await day_courses.read(connection, market, hour)
