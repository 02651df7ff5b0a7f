"""Plan the scan of the newest closed candles: which batches are to be done now."""

from datetime import datetime, timedelta

from services.db import instruments, scans
from services.db.pool import Connection
from services.db.scans import ScanBatch
from services.domain.candles import Timeframe
from services.domain.market import InstrumentStatus, Market
from services.domain.shards import Shard, shards
from services.usecases.context import Services
from services.usecases.scan_universe import Listed

SETTLE_SECONDS = 0.5
"""How long after its end a candle counts as closed (exchange seconds at normal speed): clocks differ a little."""

FRESH = timedelta(minutes=5)
"""Exchange time after its close in which a candle still makes signals: as long as a source lets one become a trade."""

BEHIND_MAX = 1
"""Batches of one market at a time that only catch up on candles: nobody waits for them, and histories are long."""


async def plan_scan(services: Services, market: Market) -> list[ScanBatch]:
    """The batches to be done now: those of the newest close that are not done, all at once while they are fresh.

    Called again and again: what could not be done (no weight left, an outage) comes up until a later close replaces
    it, and a close that nobody planned, before the first start or in an outage, as long as it would be retried.
    Raises Unavailable while the exchange's clock is not known.
    """
    timeframes = services.settings.timeframes
    if not timeframes:
        return []
    now = await services.clock.now(market)
    settled = now - timedelta(seconds=SETTLE_SECONDS * float(services.settings.market_speed))
    closed_to = max(timeframe.floor(settled) for timeframe in timeframes)
    async with services.pool.connection() as connection:
        for close, closed in _newest_closes(settled, timeframes).items():
            if close >= now - scans.RETRIED and not await scans.is_planned(connection, market, close):
                await scans.plan(connection, close, closed, await _shards(services, connection, market))
        left = await scans.undone(connection, market, now - scans.RETRIED)
    left = [batch for batch in left if _newest_of_its_kind(batch, closed_to, timeframes)]
    fresh = [batch for batch in left if now - batch.closed_to < FRESH]
    behind = [batch for batch in left if now - batch.closed_to >= FRESH]
    return fresh + behind[:BEHIND_MAX]


def _newest_closes(time: datetime, timeframes: tuple[Timeframe, ...]) -> dict[datetime, list[Timeframe]]:
    """The newest close of each timeframe at `time`, with the timeframes whose newest it is."""
    closes: dict[datetime, list[Timeframe]] = {}
    for timeframe in timeframes:
        closes.setdefault(timeframe.floor(time), []).append(timeframe)
    return closes


async def _shards(services: Services, connection: Connection, market: Market) -> list[Shard]:
    wanted = Listed.of(services.settings)
    listed = await instruments.listed(connection, market)
    return shards(
        market, [each.symbol for each in listed if each.status is InstrumentStatus.TRADING and wanted.admits(each)]
    )


def _newest_of_its_kind(batch: ScanBatch, closed_to: datetime, timeframes: tuple[Timeframe, ...]) -> bool:
    """Whether no later close scans every timeframe of the batch: an hour's stays wanted when a quarter follows it."""
    longest = max(batch.timeframes, key=lambda each: each.length)
    return longest in timeframes and longest.floor(closed_to) == batch.closed_to
