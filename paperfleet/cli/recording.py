"""Candles from the exchange for a command: through the fleet's weight budget where there is one, else with care."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from redis.asyncio import Redis

from services.binance.alone import AloneWeight
from services.binance.client import BinanceClient
from services.binance.requests import Requests
from services.coordination.connection import redis_client
from services.coordination.weight import WeightBudget
from services.domain.candles import Timeframe
from services.domain.coverage import LAG_MAX
from services.domain.market import Market
from services.settings import PREFIX, Settings, load
from services.usecases.backtest import FOREVER, BacktestOptions
from services.usecases.record_market import Span, record_market

EVALUATED_AFTER = timedelta(days=7)
"""Minutes are brought for so long after the last signal: trades need time to end."""


def record(folder: Path, options: BacktestOptions, lookback: int, progress: Callable[[int, int], None]) -> None:
    """Fill `folder` with what a backtest of these options needs: its candles with a warm-up, minutes to judge by."""
    asyncio.run(_record(folder, options, lookback, progress))


async def _record(folder: Path, options: BacktestOptions, lookback: int, progress: Callable[[int, int], None]) -> None:
    async with _exchange() as exchange:
        final = await exchange.server_time(Market.SPOT) - LAG_MAX
        until = final if options.until == FOREVER else min(final, options.until + EVALUATED_AFTER)
        spans = [Span(Timeframe.M1, options.since, until)]
        if options.timeframe is not Timeframe.M1:
            spans.append(Span(options.timeframe, options.since - lookback * options.timeframe.length, until))
        await record_market(exchange, folder, sorted(options.pairs), spans, progress)


@asynccontextmanager
async def _exchange() -> AsyncIterator[BinanceClient]:
    """The exchange that the settings name; beside a fleet its request weight is shared."""
    alone = {f"{PREFIX}DATABASE_URL": "none", f"{PREFIX}REDIS_URL": ""}
    settings = load({**alone, **os.environ})
    limits = {Market.SPOT: settings.spot_weight_per_minute, Market.FUTURES: settings.futures_weight_per_minute}
    redis = redis_client(settings) if settings.redis_url else None
    exchange = BinanceClient(_requests(settings, limits, redis))
    try:
        yield exchange
    finally:
        await exchange.close()
        if redis is not None:
            await redis.aclose()


def _requests(settings: Settings, limits: dict[Market, int], redis: Redis | None) -> Requests:
    if redis is None:
        return Requests(settings.spot_url, settings.futures_url, AloneWeight(limits))
    budget = WeightBudget(redis, limits, settings.weight_share, settings.market_speed)
    return Requests(settings.spot_url, settings.futures_url, budget)
