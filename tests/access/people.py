"""People at an API where login is required: made by the operator, signed in, with a key in hand."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from paperfleet.cli.operator import operator
from services.db.acting import acting_as
from services.domain.credentials import Role
from services.settings import Login, Settings
from services.usecases.context import Services
from services.usecases.manage_users import create_user
from tests.api.running import exchange, settings_of_test
from tests.servers import Servers

PASSWORD = "a long enough one"
_numbers = itertools.count(1)


@contextmanager
def login_required(servers: Servers) -> Iterator[Settings]:
    """Settings of an exchange and an empty database on which an API requires logins."""
    with exchange() as urls, servers.database() as database_url:
        settings = settings_of_test(database_url, servers.empty_valkey(), urls)
        yield msgspec.structs.replace(
            settings, login=Login.REQUIRED, rate_per_minute=0, quote_max_age_seconds=Decimal(3600), live_mode=True
        )


class Person:
    """A signed-in user: `http` carries the cookie and shows the token that goes with it."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.http = httpx.AsyncClient(base_url=url, timeout=30)
        self.session: dict[str, Any] = {}

    @property
    def account_id(self) -> int:
        return self.session["account_id"]

    async def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        answer = await self.http.post("/api/session/", json={"name": self.name, "password": password})
        if answer.status_code == 200:
            self.session = answer.json()
            self.http.headers["X-CSRF-Token"] = self.session["csrf_token"]
        return answer

    async def key(self, *scopes: str, **wish: object) -> dict[str, Any]:
        answer = await self.http.post("/api/keys/", json={"name": "a key", "scopes": scopes} | wish)
        assert answer.status_code == 201, answer.text
        return answer.json()


async def person(services: Services, url: str, name: str, role: Role = Role.USER) -> Person:
    """A user made as `paperfleet user create` does, and signed in."""
    with acting_as(operator()):
        await create_user(services, name, PASSWORD, role)
    made = Person(url, name)
    answer = await made.sign_in()
    assert answer.status_code == 200, answer.text
    return made


@asynccontextmanager
async def newcomers(services: Services, url: str) -> AsyncIterator[Callable[..., Awaitable[Person]]]:
    """Makes users with fresh names."""
    async with AsyncExitStack() as closing:

        async def make(role: Role = Role.USER) -> Person:
            made = await person(services, url, f"user {next(_numbers)}", role)
            closing.push_async_callback(made.http.aclose)
            return made

        yield make


def with_key(url: str, key: str) -> httpx.AsyncClient:
    """A program that shows this key."""
    return httpx.AsyncClient(base_url=url, timeout=30, headers={"Authorization": f"Bearer {key}"})
