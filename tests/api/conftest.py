"""Fixtures of the API's tests: a market with listed instruments and fresh quotes, and a server on it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.settings import Settings
from services.usecases.context import Services
from tests.api.running import Api, exchange, market, serving, settings_of_test


@pytest.fixture(scope="session")
def exchange_urls() -> Iterator[dict[str, str]]:
    with exchange() as urls:
        yield urls


@pytest.fixture
def settings(database_url: str, redis_url: str, exchange_urls: dict[str, str]) -> Settings:
    return settings_of_test(database_url, redis_url, exchange_urls)


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    async with market(settings) as built:
        yield built


@pytest.fixture
async def api(settings: Settings, services: Services) -> AsyncIterator[Api]:
    with serving(settings) as running:
        async with running.http:
            yield running
