"""Exchange time on this machine: asked for now and then, extrapolated in between."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal

from services.domain.errors import InvalidData, Unavailable
from services.domain.market import Market

AGE_SECONDS_MAX = 30.0
"""Exchange seconds after which the clock is set again (never more often than once a second)."""


class ExchangeClock:
    """The clocks of both markets.

    `ask` gives a market's server time; `speed` is exchange seconds per wall second. Time never runs backwards in
    one process.
    """

    def __init__(
        self,
        ask: Callable[[Market], Awaitable[datetime]],
        speed: Decimal = Decimal(1),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._speed = float(speed)
        self._monotonic = monotonic
        self._set: dict[Market, tuple[datetime, float]] = {}
        self._last: dict[Market, datetime] = {}
        self._asking = {market: asyncio.Lock() for market in Market}

    async def now(self, market: Market) -> datetime:
        """The market's time now, to the millisecond. Raises Unavailable while it has never been told."""
        if self._is_old(market):
            async with self._asking[market]:
                if self._is_old(market):
                    await self._sync(market)
        told, at = self._set[market]
        seconds = (self._monotonic() - at) * self._speed
        now = told + timedelta(milliseconds=int(seconds * 1000))
        self._last[market] = max(now, self._last.get(market, now))
        return self._last[market]

    def _is_old(self, market: Market) -> bool:
        if market not in self._set:
            return True
        age_max = max(1.0, AGE_SECONDS_MAX / self._speed)
        return self._monotonic() - self._set[market][1] > age_max

    async def _sync(self, market: Market) -> None:
        before = self._monotonic()
        try:
            told = await self._ask(market)
        except (Unavailable, InvalidData):
            if market in self._set:
                return
            raise
        self._set[market] = (told, (before + self._monotonic()) / 2)
