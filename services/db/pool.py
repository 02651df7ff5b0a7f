"""The process's database connections: one psycopg pool, sized by the settings."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]

_OPTIONS = (
    "timezone=UTC",  # times come back in the session's zone
    "statement_timeout=10s",
    "lock_timeout=5s",
    # A process frozen inside a transaction loses it, and with it the locks that others wait for.
    "idle_in_transaction_session_timeout=5s",
)

_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode


class Told(AsyncConnectionPool[Connection]):
    """A pool whose transactions are told something first, such as on whose behalf they run."""

    tell: Callable[[Connection], Awaitable[None]]

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Connection]:
        """A connection; what it is told holds until its first COMMIT or ROLLBACK."""
        async with super().connection(timeout) as connection:
            await self.tell(connection)
            yield connection


def create(url: str, size: int, *, name: str, role: str = "") -> Pool:
    """A pool of at most `size` connections, not yet open. `name` shows up in pg_stat_activity.

    Nothing relies on session state; behind a transaction pooler, set these options on the role instead.
    With `role` the connections act as that role from their first statement on.
    """
    return _create(AsyncConnectionPool, url, size, name, role)


def create_told(url: str, size: int, tell: Callable[[Connection], Awaitable[None]], *, name: str, role: str) -> Pool:
    """Like `create`; each transaction is told first by `tell`."""
    pool = _create(Told, url, size, name, role)
    pool.tell = tell
    return pool


P = TypeVar("P", bound=AsyncConnectionPool[Connection])


def _create(kind: type[P], url: str, size: int, name: str, role: str) -> P:
    set_json_dumps(_encode)
    set_json_loads(json.loads)
    options = (*_OPTIONS, f"role={role}") if role else _OPTIONS
    return kind(
        url,
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        kwargs={"application_name": name, "options": " ".join(f"-c {option}" for option in options)},
        check=AsyncConnectionPool.check_connection,
        timeout=3,
    )
