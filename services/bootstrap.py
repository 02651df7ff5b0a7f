"""The composition root: the only module that knows which adapters a process runs on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import PoolTimeout
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from services.binance.client import BinanceClient
from services.binance.clock import ExchangeClock
from services.binance.requests import Requests
from services.coordination.prices import PriceCache
from services.coordination.weight import WeightBudget
from services.db import accounts, pool, retention
from services.domain.errors import Unavailable
from services.domain.market import Market
from services.settings import Settings
from services.usecases.context import Services

START_SECONDS = 30
"""How long a process waits for its database when it starts."""


@asynccontextmanager
async def build(settings: Settings, *, name: str = "paperfleet") -> AsyncIterator[Services]:
    """A process's services, open inside the context. Raises Unavailable when the database cannot be reached."""
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
        await _open(database, settings.database_url)
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


async def _open(database: pool.Pool, url: str) -> None:
    """Wait for the first connection; the pool itself does not tell why there is none."""
    try:
        await database.open(wait=True, timeout=START_SECONDS)
    except PoolTimeout:
        try:
            async with await psycopg.AsyncConnection.connect(url, connect_timeout=3):
                raise Unavailable(f"PostgreSQL gave no connection within {START_SECONDS} s") from None
        except psycopg.Error as error:
            raise Unavailable(f"PostgreSQL cannot be reached: {error}") from None
