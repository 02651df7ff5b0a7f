"""One market and one API for this folder; the API stands behind a line that tests cut."""

import sys
from decimal import Decimal

import httpx
import msgspec
import pytest
import pytest_asyncio

from paperfleet.cli import main
from paperfleet.client import AsyncClient, Client
from services.domain.market import Market
from tests.api.running import exchange, market, serving, settings_of_test
from tests.client.asking import Awaited
from tests.client.line import Line


@pytest.fixture(scope="package")
def market_settings(servers):
    with exchange() as urls, servers.database() as database_url:
        settings = settings_of_test(database_url, servers.empty_valkey(), urls)
        yield msgspec.structs.replace(
            settings,
            quote_max_age_seconds=Decimal(3600),
            hooks_networks="127.0.0.0/8",
            notify_services="json",
            live_mode=True,
        )


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


@pytest_asyncio.fixture(params=[Client, AsyncClient], loop_scope="package")
async def ask(request, api):
    asked = Awaited(request.param(api.url))
    yield asked
    await asked.close()


@pytest_asyncio.fixture(loop_scope="package")
async def order(services):
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    plan = {"market_type": "SPOT", "symbol": "BTCUSDT", "direction": "LONG"}
    return plan | {"stop_loss": price / 2, "take_profit": price * 2}


@pytest_asyncio.fixture(loop_scope="package")
async def http():
    """Whoever has an address: a program that shows no key, and is no client of this package."""
    async with httpx.AsyncClient(timeout=30) as anybody:
        yield anybody


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command in this process, where starting takes no time.

    It says what the command tells on standard output; of one that shall end with a `code`, on standard error.
    """

    def command(url, *arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["paperfleet", *arguments])
        monkeypatch.setenv("PAPERFLEET_URL", url)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert code is None or (ended.value.code or 0) == code, (arguments, said)
        return said.err if code else said.out

    return command
