"""The process's database connections: one psycopg pool, sized by the settings."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import cached_property
from select import POLLIN, poll
from time import monotonic
from typing import Any, LiteralString, cast

import msgspec
import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from services.db.shares import Shares

Connection = AsyncConnection[tuple[Any, ...]]

FRESH_SECONDS = 1.0
"""For so long after its use a connection passes for alive, unless its server has ended it: that can be heard."""

STATEMENT_SECONDS, CALLERS_STATEMENT_SECONDS = 10, 2
"""How long a statement may take: of the fleet, and of those whom it serves (sums over every trade: as the fleet's)."""

LEFT_TO_OTHERS = 2
"""Connections of a callers' pool that one caller cannot hold besides the rest."""

TRANSACTION_TIMEOUT = "1min"
"""How long a transaction may take however quick its statements are, unless it asks to `outlast` that."""

API_ROLE = "paperfleet_api"
"""The role that row-level security binds; made by the migrations."""

_OPTIONS = {
    "timezone": "UTC",  # times come back in the session's zone
    "lock_timeout": "5s",
    # A process frozen inside a transaction loses it, and with it the locks that others wait for.
    "idle_in_transaction_session_timeout": "5s",
}

_SINCE = {"transaction_timeout": 170000}
"""Settings that not every PostgreSQL has, by the version that brought them: to ask an older one refuses the session."""

_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode


class Kept(AsyncConnection[tuple[Any, ...]]):
    """A connection of a pool. `used_at` is when it was last given back, on the monotonic clock."""

    used_at = float("-inf")

    async def first(self, statement: LiteralString, values: Sequence[object]) -> tuple[Any, ...] | None:
        """The first row of a statement."""
        await self._reader.execute(statement, values)
        return await self._reader.fetchone()

    @cached_property
    def _reader(self) -> AsyncCursor[tuple[Any, ...]]:
        """It knows the types of the statement before, and need not look them up."""
        return self.cursor(binary=True)


class Pool(AsyncConnectionPool[Connection]):
    """The connections of a process, whose transactions may be told something first: on whose behalf they run.

    With `whose`, who calls now, PostgreSQL shows a transaction only what it was told of, and no caller holds all
    connections; `asked` is what its sessions ask for.
    """

    tell: Callable[[Connection], Awaitable[None]] | None = None
    whose: Callable[[], Hashable] | None = None
    asked: Mapping[str, str] = {}

    async def ask_all(self) -> None:
        """Have this pool's sessions ask for what only newer servers know as well, now that its server can be seen."""
        async with self.connection() as connection:
            version = connection.info.server_version
        asked = known(self.asked, version)
        if asked != known(self.asked, 0):
            self.kwargs = _session(self.name, asked)
            await self.drain()
        self.asked = asked

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Connection]:
        """A connection; what it is told holds until its first COMMIT or ROLLBACK."""
        async with self._given(timeout) as connection, connection:
            if self.tell is not None:
                await self.tell(connection)
            yield connection

    async def first(self, statement: LiteralString, *values: object) -> tuple[Any, ...] | None:
        """The first row of a statement that only reads, without BEGIN and COMMIT around it.

        Where it must be told for whom, that is sent with it: what goes in one pipeline is one transaction.
        """
        async with self._given() as kept:
            await kept.set_autocommit(True)
            try:
                if self.tell is None or self.whose is None:
                    return await kept.first(statement, values)
                async with kept.pipeline():
                    await self.tell(kept)
                    return await kept.first(statement, values)
            finally:
                with suppress(psycopg.Error):  # one that broke is not kept
                    await kept.set_autocommit(False)

    @asynccontextmanager
    async def _given(self, timeout: float | None = None) -> AsyncIterator[Kept]:
        """A connection of which nothing is known yet. The pool's own `connection` would cost as much again."""
        async with nullcontext() if self.whose is None else self._shares.of(self.whose()):
            kept = cast(Kept, await self.getconn(timeout))
            try:
                yield kept
            except (psycopg.errors.IdleInTransactionSessionTimeout, psycopg.errors.TransactionTimeout) as error:
                # Internal errors, by psycopg's classes; to whoever asks it is a connection lost like any other.
                raise psycopg.OperationalError(str(error)) from error
            finally:
                kept.used_at = monotonic()
                await self.putconn(kept)

    @cached_property
    def _shares(self) -> Shares:
        return Shares(max(1, self.max_size - LEFT_TO_OTHERS))


def fleets(*, statement_seconds: int = STATEMENT_SECONDS) -> dict[str, str]:
    """What the fleet's own sessions ask for, spelt as PostgreSQL shows it."""
    return {**_OPTIONS, "statement_timeout": f"{statement_seconds}s", "transaction_timeout": TRANSACTION_TIMEOUT}


def callers(*, bound: bool) -> dict[str, str]:
    """What sessions for callers ask for: no statement takes long; `bound`, they act as the API's role."""
    return {**fleets(statement_seconds=CALLERS_STATEMENT_SECONDS), **({"role": API_ROLE} if bound else {})}


def known(asked: Mapping[str, str], version: int) -> dict[str, str]:
    """Of what is `asked`, that which a server of this version knows."""
    return {name: value for name, value in asked.items() if version >= _SINCE.get(name, 0)}


def as_options(asked: Mapping[str, str]) -> str:
    """The startup option by which a session asks for all that."""
    return " ".join(f"-c {name}={value}" for name, value in asked.items())


def _session(name: str, asked: Mapping[str, str]) -> dict[str, Any]:
    return {"application_name": name, "options": as_options(asked)}


def create(url: str, size: int, *, name: str, asked: Mapping[str, str] | None = None) -> Pool:
    """A pool of at most `size` connections, not yet open. `name` shows up in pg_stat_activity.

    Its sessions ask for what every server knows, until it is told to `ask_all`.
    Nothing sets session state later; a transaction pooler's users have what is `asked` by ALTER ROLE.
    """
    set_json_dumps(_encode)
    set_json_loads(json.loads)
    asked = fleets() if asked is None else asked
    pool = Pool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        kwargs=_session(name, known(asked, 0)),
        connection_class=Kept,
        check=_check,
        timeout=3,
    )
    pool.asked = asked
    return pool


def create_told(
    url: str,
    size: int,
    tell: Callable[[Connection], Awaitable[None]],
    *,
    name: str,
    whose: Callable[[], Hashable] | None,
) -> Pool:
    """Like `create`, for callers: each transaction is told first by `tell`.

    With `whose`, who calls now, row-level security binds them, and none holds all connections.
    """
    pool = create(url, size, name=name, asked=callers(bound=whose is not None))
    pool.tell, pool.whose = tell, whose
    return pool


async def take_time(connection: Connection) -> None:
    """Statements of this transaction may take as long as the fleet's own: their answer is a sum over every trade."""
    await connection.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")


async def outlast(connection: Connection) -> None:
    """This transaction may take as long as it takes."""
    if known({"transaction_timeout": ""}, connection.info.server_version):
        # Only 0 tells a clock that runs already; another time would count from the next transaction on.
        await connection.execute("SET LOCAL transaction_timeout = 0")


async def _check(connection: Connection) -> None:
    """Raise if the connection has broken. One just used, from which nothing has come since, is not asked again."""
    heard = poll()
    heard.register(connection.fileno(), POLLIN)
    if monotonic() - cast(Kept, connection).used_at > FRESH_SECONDS or heard.poll(0):
        await AsyncConnectionPool.check_connection(connection)
