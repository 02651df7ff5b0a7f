"""Fixtures: the services of a worker that may reach loopback, and an endpoint."""

import pytest

from services.bootstrap import build
from services.settings import Settings
from tests.api.running import serving
from tests.hooks.receiver import receiving


@pytest.fixture
async def services(database_url, redis_url):
    settings = Settings(
        database_url=database_url,
        redis_url=redis_url,
        hooks_networks="127.0.0.0/8",
        notify_services="json,discord,tgram,mailtos",
    )
    async with build(settings, name="test") as built:
        yield built


@pytest.fixture
async def receiver():
    async with receiving() as running:
        yield running


@pytest.fixture
async def api(services):
    with serving(services.settings) as running:
        async with running.http:
            yield running
