"""The composition root: the only module that knows which adapters a process runs on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from services.binance.client import BinanceClient
from services.binance.clock import ExchangeClock
from services.binance.requests import Requests
from services.coordination.connection import redis_client
from services.coordination.prices import PriceCache
from services.coordination.weight import WeightBudget
from services.db import accounts, acting, asked, pool, retention
from services.db.insist import START_SECONDS, insist
from services.domain.errors import Unavailable
from services.domain.market import Market
from services.hooks.addresses import Policy
from services.hooks.client import HookClient
from services.hooks.errands import Errands
from services.hooks.notifier import Notifier
from services.settings import Login, Settings, SettingsError, listed
from services.usecases.context import Services

SYSTEM_CONNECTIONS = 3
"""Connections beside those for callers: the hub's reads, and judging a path before a command."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def build(settings: Settings, *, name: str = "paperfleet", for_callers: bool = False) -> AsyncIterator[Services]:
    """A process's services, open inside the context.

    `for_callers`: other people's requests are served; where login is required, row-level security binds them.
    Raises Unavailable when the database cannot be reached, SettingsError where it would not bind callers.
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
        closing.push_async_callback(system.close)
        await _open(system, settings.database_url)
        await insist(lambda: _prepare(system, settings))
        if for_callers:
            url, whose = settings.callers_url, acting.caller if settings.login is Login.REQUIRED else None
            database = pool.create_told(url, settings.pool_size, acting.tell, name=name, whose=whose)
            closing.push_async_callback(database.close)
            await _open(database, url)
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
    """Wait for the first connection, and ask what it is; the pool itself does not tell why there is none."""
    try:
        await database.open(wait=True, timeout=START_SECONDS)
    except PoolTimeout:
        try:
            async with await psycopg.AsyncConnection.connect(url, connect_timeout=3):
                raise Unavailable(f"PostgreSQL gave no connection within {START_SECONDS} s") from None
        except psycopg.Error as error:
            raise Unavailable(f"PostgreSQL cannot be reached: {error}") from None
    await insist(database.ask_all)
    await insist(lambda: _question(database))


async def _question(database: pool.Pool) -> None:
    """Raises SettingsError where callers would act as somebody whom row-level security does not bind."""
    async with database.connection() as connection:
        found = await asked.lacking(connection, database.asked)
    if "role" in found:
        raise SettingsError(f"{asked.unbound(found)}; {asked.MEND_ROLE}")
    if found:
        log.warning("session_settings_dropped", **found)
