"""The composition root: the only module that knows which adapters a process runs on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
from psycopg_pool import PoolTimeout

from services.binance.client import BinanceClient
from services.binance.clock import ExchangeClock
from services.binance.requests import Requests
from services.coordination.connection import redis_client
from services.coordination.prices import PriceCache
from services.coordination.weight import WeightBudget
from services.db import accounts, acting, pool, retention
from services.db.insist import START_SECONDS, insist
from services.domain.errors import Unavailable
from services.domain.market import Market
from services.hooks.addresses import Policy
from services.hooks.client import HookClient
from services.hooks.errands import Errands
from services.hooks.notifier import Notifier
from services.settings import Login, Settings, listed
from services.usecases.context import Services

API_ROLE = "paperfleet_api"
"""The role that row-level security binds; made by the migrations."""
SYSTEM_CONNECTIONS = 3
"""Connections beside those for callers: the hub's reads, and judging a path before a command."""


@asynccontextmanager
async def build(settings: Settings, *, name: str = "paperfleet", for_callers: bool = False) -> AsyncIterator[Services]:
    """A process's services, open inside the context. Raises Unavailable when the database cannot be reached.

    `for_callers`: other people's requests are served; where login is required, row-level security binds them.
    """
    redis = redis_client(settings)
    limits = {Market.SPOT: settings.spot_weight_per_minute, Market.FUTURES: settings.futures_weight_per_minute}
    weight = WeightBudget(redis, limits, settings.weight_share, settings.market_speed)
    exchange = BinanceClient(Requests(settings.spot_url, settings.futures_url, weight))
    policy = Policy(settings.networks)
    hooks, notifier = HookClient(policy), Notifier(policy, listed(settings.notify_services))
    errands = Errands()
    async with AsyncExitStack() as closing:
        closing.push_async_callback(redis.aclose)
        closing.push_async_callback(exchange.close)
        closing.push_async_callback(hooks.close)
        size = SYSTEM_CONNECTIONS if for_callers else settings.pool_size
        system = database = pool.create(settings.database_url, size, name=name)
        await _open(system, settings.database_url)
        closing.push_async_callback(system.close)
        await insist(lambda: _prepare(system, settings))
        if for_callers:
            role = API_ROLE if settings.login is Login.REQUIRED else ""
            database = pool.create_told(settings.database_url, settings.pool_size, acting.tell, name=name, role=role)
            await _open(database, settings.database_url)
            closing.push_async_callback(database.close)
        closing.push_async_callback(errands.close)
        yield Services(
            settings=settings,
            pool=database,
            system_pool=system,
            redis=redis,
            exchange=exchange,
            clock=ExchangeClock(exchange.server_time, settings.market_speed),
            weight=weight,
            prices=PriceCache(redis, settings.market_speed),
            hooks=hooks,
            notifier=notifier,
            errands=errands,
        )


async def _prepare(system: pool.Pool, settings: Settings) -> None:
    """Make the rows and partitions that every process relies on; made again, they are as before."""
    async with system.connection() as connection:
        await accounts.ensure_owner(connection, settings.starting_balance)
        if settings.login is Login.REQUIRED:
            await accounts.ensure_public(connection, settings.starting_balance)
        await retention.make_partitions(connection)


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
