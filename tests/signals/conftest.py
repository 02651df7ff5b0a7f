"""Fixtures of the signals' tests: a copy of a listed market for each, with quotes as of now, and a server on it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import pytest

from services.bootstrap import build
from services.domain.market import Market, Quote
from services.settings import Settings
from services.usecases.context import Services
from tests.api.running import Api, exchange, market, serving, settings_of_test
from tests.servers import Servers


class Listed(NamedTuple):
    """A database with every pair in it, the exchange it was listed from, and that one's quotes."""

    database: str
    urls: dict[str, str]
    quotes: dict[Market, dict[str, Quote]]


@pytest.fixture(scope="session")
def listed(servers: Servers) -> Iterator[Listed]:
    async def quoted(settings: Settings) -> dict[Market, dict[str, Quote]]:
        async with market(settings) as services:
            return {each: await services.prices.all(each) for each in Market}

    with exchange() as urls, servers.database() as url:
        quotes = asyncio.run(quoted(settings_of_test(url, servers.empty_valkey(), urls)))
        yield Listed(url.partition("?")[0].rpartition("/")[2], urls, quotes)


@pytest.fixture
def settings(servers: Servers, listed: Listed, redis_url: str) -> Iterator[Settings]:
    with servers.database(listed.database) as url:
        yield settings_of_test(url, redis_url, listed.urls)


@pytest.fixture
async def services(settings: Settings, listed: Listed) -> AsyncIterator[Services]:
    async with build(settings, name="test") as built:
        now = datetime.now(UTC)
        for each, quotes in listed.quotes.items():
            fresh = {symbol: msgspec.structs.replace(quote, asked_at=now) for symbol, quote in quotes.items()}
            await built.prices.store(each, fresh)
        yield built


@pytest.fixture
async def api(settings: Settings, services: Services) -> AsyncIterator[Api]:
    with serving(settings) as running:
        async with running.http:
            yield running
