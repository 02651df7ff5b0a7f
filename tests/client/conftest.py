"""One market and one API for this folder; the API stands behind a line that tests cut."""

from decimal import Decimal

import msgspec
import pytest
import pytest_asyncio

from tests.api.running import exchange, market, serving, settings_of_test
from tests.client.line import Line


@pytest.fixture(scope="package")
def market_settings(servers):
    with exchange() as urls, servers.database() as database_url:
        settings = settings_of_test(database_url, servers.empty_valkey(), urls)
        yield msgspec.structs.replace(settings, quote_max_age_seconds=Decimal(3600))


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def services(market_settings):
    async with market(market_settings) as built:
        yield built


@pytest.fixture(scope="package")
def api(services):
    with serving(services.settings) as running:
        yield running


@pytest.fixture
def line(api):
    with Line(api.url) as laid:
        yield laid
