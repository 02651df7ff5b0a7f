"""The composition root: the only module that knows which adapters a process runs on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from services.binance.client import BinanceClient
from services.binance.clock import ExchangeClock
from services.binance.requests import Requests
from services.coordination.prices import PriceCache
from services.coordination.weight import WeightBudget
from services.db import accounts, pool, retention
from services.domain.market import Market
from services.settings import Settings
from services.usecases.context import Services


@asynccontextmanager
async def build(settings: Settings, *, name: str = "paperfleet") -> AsyncIterator[Services]:
    """A process's services, open inside the context. Raises what keeps the database from being reached."""
    redis = Redis.from_url(
        settings.redis_url,
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
    )
    limits = {Market.SPOT: settings.spot_weight_per_minute, Market.FUTURES: settings.futures_weight_per_minute}
    weight = WeightBudget(redis, limits, settings.weight_share, settings.market_speed)
    exchange = BinanceClient(Requests(settings.spot_url, settings.futures_url, weight))
    database = pool.create(settings.database_url, settings.pool_size, name=name)
    try:
        await database.open(wait=True, timeout=30)
        async with database.connection() as connection:
            await accounts.ensure_owner(connection, settings.starting_balance)
            await retention.make_partitions(connection)
        yield Services(
            settings=settings,
            pool=database,
            redis=redis,
            exchange=exchange,
            clock=ExchangeClock(exchange.server_time, settings.market_speed),
            weight=weight,
            prices=PriceCache(redis, settings.market_speed),
        )
    finally:
        await database.close()
        await exchange.close()
        await redis.aclose()
