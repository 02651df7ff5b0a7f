"""Services on a fresh database, with a desk to trade from; no exchange is asked for anything."""

from collections.abc import AsyncIterator

import pytest

from services.bootstrap import build
from services.usecases.context import Services
from tests.api.running import NOWHERE, settings_of_test
from tests.evaluation.desk import Desk


@pytest.fixture
async def services(database_url: str, redis_url: str) -> AsyncIterator[Services]:
    async with build(settings_of_test(database_url, redis_url, NOWHERE), name="test") as built:
        yield built


@pytest.fixture
async def desk(services: Services) -> Desk:
    return await Desk(services.pool).set_up()
