"""Fetch the price paths of a shard: every instrument's bars since its watermark, as far as one message carries."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from services.db import instruments, watermarks
from services.db.watermarks import Start
from services.domain.errors import InvalidData, Unavailable
from services.domain.market import Market
from services.domain.path import MINUTE, Path, floor_minute
from services.usecases.context import Services

BARS_MAX = 60
"""Bars of one instrument in one message; whoever is further behind is fetched again after the evaluation."""

SETTLE_SECONDS = 0.5
"""How long after its end a bar counts as closed (exchange seconds at normal speed): clocks differ a little."""

log = structlog.get_logger(__name__)


async def fetch_paths(
    services: Services, market: Market, symbols: Sequence[str], *, tail: bool, purpose: str
) -> list[Path]:
    """The paths of these symbols from their watermarks to now, with the bar in progress if `tail`.

    What cannot be had now (no weight, an outage, impossible prices) is left out and told in the log: the next
    cycle starts at the same watermark.
    """
    async with services.pool.connection() as connection:
        found = await instruments.by_symbols(connection, market, symbols)
        starts = await watermarks.starts(connection, [instrument.id for instrument in found])
    answers = await asyncio.gather(
        *(_path(services, market, start, tail, purpose) for start in starts), return_exceptions=True
    )
    paths = []
    for start, answer in zip(starts, answers, strict=True):
        if isinstance(answer, Path):
            paths.append(answer)
        elif isinstance(answer, Unavailable | InvalidData):
            log.warning("path_not_had", market=market, symbol=start.symbol, reason=str(answer))
        else:
            raise answer
    return paths


async def _path(services: Services, market: Market, start: Start, tail: bool, purpose: str) -> Path:
    settled = services.clock.now(market) - timedelta(seconds=SETTLE_SECONDS * float(services.settings.market_speed))
    end = min(floor_minute(settled), start.start + BARS_MAX * MINUTE)
    complete = end == floor_minute(settled)
    return await services.exchange.path(
        market,
        start.symbol,
        start.instrument_id,
        start=start.start,
        end=max(end, start.start),
        tail=tail and complete,
        purpose=purpose,
    )
