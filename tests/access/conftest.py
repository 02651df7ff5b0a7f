"""One market and one server that requires logins for all tests of this folder; people are made by each test."""

import pytest
import pytest_asyncio

from tests.access.people import login_required, newcomers
from tests.api.running import market, serving


@pytest.fixture(scope="package")
def login_settings(servers):
    with login_required(servers) as settings:
        yield settings


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def services(login_settings):
    async with market(login_settings) as built:
        yield built


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def api(services):
    with serving(services.settings) as running:
        async with running.http:
            yield running


@pytest_asyncio.fixture(loop_scope="package")
async def someone(services, api):
    async with newcomers(services, api.url) as make:
        yield make
