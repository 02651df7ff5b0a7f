"""Fixtures of the API's tests: a market with listed instruments and fresh quotes, and a server on it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.bootstrap import build
from services.domain.market import Market
from services.settings import Settings
from services.usecases.context import Services
from services.usecases.refresh_instruments import refresh_instruments
from services.usecases.sweep_quotes import sweep_quotes
from tests.api.running import Api, exchange, serving


@pytest.fixture(scope="session")
def exchange_urls() -> Iterator[dict[str, str]]:
    with exchange() as urls:
        yield urls


@pytest.fixture
def settings(database_url: str, redis_url: str, exchange_urls: dict[str, str]) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        spot_url=exchange_urls["spot_url"],
        futures_url=exchange_urls["futures_url"],
        quote_max_age_seconds=60,
    )


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """What a worker would have: the market is listed and its quotes are swept once."""
    async with build(settings, name="test") as built:
        for market in Market:
            await refresh_instruments(built, market)
            await sweep_quotes(built, market)
        yield built


@pytest.fixture
async def api(settings: Settings, services: Services) -> AsyncIterator[Api]:
    with serving(settings) as running:
        async with running.http:
            yield running
