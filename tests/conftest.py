"""Fixtures for every test: a fresh database, an empty Valkey; see tests/servers.py."""

import pytest

from tests import memory
from tests.servers import Servers, running_servers, scrub_environment
from tests.spread import Spread

scrub_environment()


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    with memory.folder(tmp_path_factory.mktemp("servers")) as folder, running_servers(folder) as running:
        yield running


@pytest.fixture
def database_url(servers: Servers):
    with servers.database() as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers):
    return servers.empty_valkey()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Spread(config, log)
