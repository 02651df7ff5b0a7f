"""An API where login is required, as fixtures of any scope."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from services.settings import Settings
from services.usecases.context import Services
from tests.access.people import Person, login_required, newcomers
from tests.api.running import Api, market, serving
from tests.servers import Servers


def served(scope: str, **changes: object) -> tuple[Any, Any, Any, Any]:
    """The fixtures `login_settings`, `services`, `api` and `someone`, the first three one for each `scope`.

    `changes` are settings otherwise than usual.
    """

    @pytest.fixture(scope=scope, name="login_settings")
    def login_settings(servers: Servers) -> Iterator[Settings]:
        with login_required(servers) as settings:
            yield msgspec.structs.replace(settings, **changes)

    @pytest_asyncio.fixture(scope=scope, loop_scope=scope, name="services")
    async def services(login_settings: Settings) -> AsyncIterator[Services]:
        async with market(login_settings) as built:
            yield built

    @pytest_asyncio.fixture(scope=scope, loop_scope=scope, name="api")
    async def api(services: Services) -> AsyncIterator[Api]:
        with serving(services.settings) as running:
            async with running.http:
                yield running

    @pytest_asyncio.fixture(loop_scope=scope, name="someone")
    async def someone(services: Services, api: Api) -> AsyncIterator[Callable[..., Awaitable[Person]]]:
        async with newcomers(services, api.url) as make:
            yield make

    return login_settings, services, api, someone
