"""A server that requires logins and allows everything that can be done, for each file."""

from contextlib import ExitStack

import pytest
import pytest_asyncio

from services.domain.credentials import Role
from services.domain.market import Market
from tests.access.fixtures import served
from tests.audit.operator_at_work import Desk
from tests.audit.people_at_work import Ground
from tests.hooks.receiver import receiving

login_settings, services, api, someone = served("module", live_mode=True, hooks_networks="127.0.0.0/8")


@pytest_asyncio.fixture(loop_scope="module")
async def ground(services, api, someone):
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    async with receiving() as receiver:
        anna, admin = await someone(), await someone(Role.ADMIN)
        yield Ground(services, api, anna, admin, price, receiver.url, someone)


@pytest.fixture
def desk(ground, tmp_path, servers):
    with ExitStack() as closing:
        yield Desk(ground, tmp_path, servers, closing)
