"""Bring the stored candles of a batch of pairs up to a close: one request a pair, for what is new."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from services.db import candles as stored
from services.domain.candles import Candle, Timeframe
from services.domain.coverage import LAG_MAX
from services.domain.errors import InvalidData, Unavailable
from services.domain.market import Instrument
from services.scanner.strategy import LOADED
from services.usecases.context import Services

log = structlog.get_logger(__name__)


class Missing(msgspec.Struct, frozen=True):
    """A pair whose candles could not be brought now, and why."""

    instrument: Instrument
    reason: str


async def bring_candles(
    services: Services,
    instruments: Sequence[Instrument],
    timeframe: Timeframe,
    closed_to: datetime,
    now: datetime,
    *,
    base: Timeframe,
) -> list[Missing]:
    """Store what is new of `timeframe` up to `closed_to`, at exchange time `now`; what is missing after that.

    Candles of `base`, a shorter timeframe that is stored already, spare the request where they are complete. A pair
    without a history gets the LOADED candles that a scan looks at, one that was left alone for long the last of them.
    """
    ids = [each.id for each in instruments]
    async with services.pool.connection() as connection:
        if base is not timeframe and not timeframe.length % base.length:
            await stored.roll_up(connection, ids, base, timeframe, closed_to)
        newest = await stored.newest(connection, ids, timeframe)
    oldest = closed_to - LOADED * timeframe.length
    starts = {
        each: max(newest[each.id] + timeframe.length, oldest) if each.id in newest else oldest for each in instruments
    }
    behind = {each: start for each, start in starts.items() if start < closed_to}
    answers = await asyncio.gather(
        *(_closed(services, each, timeframe, start, closed_to, now) for each, start in behind.items()),
        return_exceptions=True,
    )
    found, missing = dict[int, Sequence[Candle]](), list[Missing]()
    for instrument, answer in zip(behind, answers, strict=True):
        if isinstance(answer, Unavailable | InvalidData):
            missing.append(Missing(instrument, str(answer)))
        elif isinstance(answer, BaseException):
            raise answer
        elif answer is None:
            missing.append(Missing(instrument, "the exchange does not have the last candle yet"))
        else:
            found[instrument.id] = answer
    async with services.pool.connection() as connection:
        await stored.store(connection, timeframe, found)
    return missing


async def _closed(
    services: Services, instrument: Instrument, timeframe: Timeframe, start: datetime, end: datetime, now: datetime
) -> list[Candle] | None:
    """The closed candles that open in [start, end); None while the last of them may not be final.

    It is, for certain, when the same answer holds a later one: a node of the exchange can lag behind its clock. A pair
    without later trades has none, so that after LAG_MAX what there is counts.
    """
    found = await services.exchange.candles(
        instrument.market,
        instrument.symbol,
        timeframe,
        start=start,
        end=end + timeframe.length,
        purpose="candles",
    )
    is_final = (found and found[-1].open_time >= end) or now - end >= LAG_MAX
    return [candle for candle in found if candle.open_time < end] if is_final else None
