"""Exchange time on this machine: asked for now and then, extrapolated in between."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from services.domain.errors import InvalidData, Unavailable
from services.domain.market import Market

AGE_SECONDS_MAX = 30.0
"""Exchange seconds after which the clock is set again (never more often than once a wall second)."""

RETRY_SECONDS = 2.0
"""Wall seconds after a failed sync in which nobody else waits for another."""


DOUBTED_SECONDS = 5.0
"""An answer this far from the expected time (wall seconds) is asked for again: minutes hang on it."""


class _Setting(NamedTuple):
    """What the exchange told, and the monotonic time at which its answer was here."""

    told: datetime
    at: float


class ExchangeClock:
    """The clocks of both markets. One never runs backwards, and never ahead of what the exchange told last.

    `ask` gives a market's server time; `speed` is exchange seconds per wall second.
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
        self._settings: dict[Market, _Setting] = {}
        self._sync_at = dict.fromkeys(Market, -float("inf"))
        self._latest: dict[Market, datetime] = {}
        self._asking = {market: asyncio.Lock() for market in Market}

    async def now(self, market: Market) -> datetime:
        """The market's time now, UTC, to the millisecond. Raises Unavailable while it has never been told."""
        if self._is_old(market):
            async with self._asking[market]:
                if self._is_old(market):
                    await self.sync(market)
        told, at = self._settings[market]
        now = told + timedelta(milliseconds=int((self._monotonic() - at) * self._speed * 1000))
        self._latest[market] = max(now, self._latest.get(market, now))
        return self._latest[market]

    async def latest(self) -> datetime:
        """The time of the market that is furthest. Raises Unavailable while one has never told."""
        return max([await self.now(market) for market in Market])

    async def sync(self, market: Market) -> None:
        """Set the clock by the exchange. A failure leaves it as it was; the first one raises Unavailable."""
        try:
            told = await self._ask(market)
            if self._is_doubtful(market, told):
                told = await self._ask(market)  # one wrong answer is not repeated; a clock that was set is
        except (Unavailable, InvalidData) as error:
            self._sync_at[market] = self._monotonic() + RETRY_SECONDS
            if market not in self._settings:
                raise Unavailable(f"the exchange has not told its {market} time: {error}") from error
            return
        # From the answer's arrival, not from the middle of the round trip: a clock that is ahead takes a bar for
        # closed while it is still being traded.
        at = self._monotonic()
        self._settings[market] = _Setting(told, at)
        self._sync_at[market] = at + max(1.0, AGE_SECONDS_MAX / self._speed)

    def _is_doubtful(self, market: Market, told: datetime) -> bool:
        """Whether an answer is far from what the last one leads to expect."""
        if market not in self._settings:
            return False
        last, at = self._settings[market]
        expected = last + timedelta(seconds=(self._monotonic() - at) * self._speed)
        return abs(told - expected) > timedelta(seconds=DOUBTED_SECONDS * max(1.0, self._speed))

    def _is_old(self, market: Market) -> bool:
        return market not in self._settings or self._monotonic() >= self._sync_at[market]
