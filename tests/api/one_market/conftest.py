"""One market and one server for all tests of this folder."""

import pytest_asyncio

from tests.api.running import market, serving, settings_of_test


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def services(servers, exchange_urls):
    with servers.database() as database_url:
        async with market(settings_of_test(database_url, servers.empty_valkey(), exchange_urls)) as built:
            yield built


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def api(services):
    with serving(services.settings) as running:
        async with running.http:
            yield running
