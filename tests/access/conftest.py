"""One market and one server that requires logins for all tests of this folder; people are made by each test."""

import itertools
from contextlib import AsyncExitStack
from decimal import Decimal

import msgspec
import pytest
import pytest_asyncio

from services.domain.credentials import Role
from services.settings import Login
from tests.access.people import Person, person
from tests.api.running import exchange, market, serving, settings_of_test

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def login_settings(servers):
    with exchange() as urls, servers.database() as database_url:
        settings = settings_of_test(database_url, servers.empty_valkey(), urls)
        yield msgspec.structs.replace(
            settings, login=Login.REQUIRED, rate_per_minute=0, quote_max_age_seconds=Decimal(3600)
        )


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
    """Makes users with fresh names."""
    async with AsyncExitStack() as closing:

        async def make(role: Role = Role.USER) -> Person:
            made = await person(services, api.url, f"user {next(_numbers)}", role)
            closing.push_async_callback(made.http.aclose)
            return made

        yield make
