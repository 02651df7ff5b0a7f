"""The client on real Valkey, before a server of raw bytes."""

from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from services.binance.client import BinanceClient
from services.binance.requests import Requests
from services.coordination.weight import WeightBudget
from services.domain.market import Market
from tests.binance.raw_server import raw_server

LIMITS = {Market.SPOT: 6000, Market.FUTURES: 2400}


@pytest_asyncio.fixture
async def redis(redis_url):
    async with Redis.from_url(redis_url, socket_timeout=5) as client:
        yield client


@pytest.fixture
def weight(redis):
    return WeightBudget(redis, LIMITS, Decimal(1), Decimal(1))


@asynccontextmanager
async def open_client(spot_url, futures_url, weight, **options):
    client = BinanceClient(Requests(spot_url, futures_url, weight, **options))
    try:
        yield client
    finally:
        await client.close()


@pytest_asyncio.fixture
async def server():
    async with raw_server() as running:
        yield running


@pytest_asyncio.fixture
async def raw_client(server, weight):
    async with open_client(server.url, server.url, weight) as opened:
        yield opened


@pytest_asyncio.fixture
async def hasty_client(server, weight):
    """Gives an attempt up after half a second: for answers that never come, as a busy machine may delay good ones."""
    async with open_client(server.url, server.url, weight, attempt_seconds=0.5) as opened:
        yield opened
