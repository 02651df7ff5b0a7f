"""What the benchmarks of a fleet stand on: a database, a Valkey and a simulated market, new, and settings for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, NamedTuple

from bench.book import database
from bench.running import simulator, valkey
from deploy.local.ports import free_port
from services.bootstrap import build
from services.domain.market import Market
from services.settings import Settings
from services.usecases.context import Services
from services.usecases.refresh_instruments import refresh_instruments
from workers.broker import broker


class Ground(NamedTuple):
    """The settings of every process, and the addresses of the market, its control endpoint among them."""

    settings: Settings
    urls: dict[str, str]


@asynccontextmanager
async def ground(speed: int = 1, *, commit_times: bool = False, **changes: Any) -> AsyncIterator[Ground]:
    """`speed` is exchange seconds per second; `changes` are settings."""
    async with database(commit_times=commit_times) as url, valkey() as redis_url, simulator(speed) as urls:
        given: dict[str, Any] = {"spot_url": urls["spot_url"], "futures_url": urls["futures_url"]}
        given |= {"database_url": url, "redis_url": redis_url, "market_speed": Decimal(speed), "api_port": free_port()}
        given |= {"starting_balance": Decimal(1_000_000), "scan_timeframes": ""}
        yield Ground(Settings(**given | changes), urls)


@asynccontextmanager
async def listed(settings: Settings) -> AsyncIterator[Services]:
    """This process's services, which know all pairs, and its broker."""
    broker.connect(settings.redis_url)
    async with build(settings) as services:
        for market in Market:
            await refresh_instruments(services, market)
        yield services
