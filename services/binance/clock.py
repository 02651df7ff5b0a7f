"""Exchange time, extrapolated from its last answer: on a sped-up simulator it runs faster than the wall."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, NoReturn

import structlog

from services.domain.errors import InvalidData, Unavailable
from services.domain.market import Market

SYNC_SECONDS = 30.0
"""Wall time between two syncs; two quartz clocks differ by less than a millisecond then."""

RETRY_SECONDS = 2.0

ServerTime = Callable[[Market], Awaitable[datetime]]

log = structlog.get_logger(__name__)


class _Anchor(NamedTuple):
    exchange: datetime
    monotonic: float


class ExchangeClock:
    """Each market's time. It never runs backwards, and never ahead of the exchange as it answered last.

    speed       exchange seconds per wall second
    monotonic   seconds from any beginning
    """

    def __init__(self, speed: Decimal = Decimal(1), monotonic: Callable[[], float] = time.monotonic) -> None:
        self._speed = float(speed)
        self._monotonic = monotonic
        self._anchors: dict[Market, _Anchor] = {}
        self._latest: dict[Market, datetime] = {}

    def now(self, market: Market) -> datetime:
        """Exchange time, UTC. Raises Unavailable before the first sync."""
        anchor = self._anchors.get(market)
        if anchor is None:
            raise Unavailable(f"the exchange has not told its {market} time yet")
        passed = (self._monotonic() - anchor.monotonic) * self._speed
        latest = max(
            self._latest.get(market, datetime.min.replace(tzinfo=UTC)), anchor.exchange + timedelta(seconds=passed)
        )
        self._latest[market] = latest
        return latest

    def age(self, market: Market) -> float | None:
        """Wall seconds since the last sync; None before the first."""
        anchor = self._anchors.get(market)
        return None if anchor is None else self._monotonic() - anchor.monotonic

    async def sync(self, server_time: ServerTime, markets: Iterable[Market] = tuple(Market)) -> None:
        """Ask the exchange. Raises what `server_time` raises; the markets asked before are synced then."""
        for market in markets:
            answer = await server_time(market)
            # Counted from the answer's arrival, not from the middle of the round trip: a clock that is ahead
            # would take a bar for closed while it is still being traded.
            self._anchors[market] = _Anchor(answer, self._monotonic())

    async def keep_synced(self, server_time: ServerTime) -> NoReturn:
        """Sync for ever, at once and every 30 wall seconds; failures are logged and tried again."""
        while True:
            failed = False
            for market in Market:
                try:
                    await self.sync(server_time, [market])
                except (Unavailable, InvalidData) as error:
                    failed = True
                    log.warning("clock_not_synced", market=market, age=self.age(market), reason=str(error))
            await asyncio.sleep(RETRY_SECONDS if failed else SYNC_SECONDS)
