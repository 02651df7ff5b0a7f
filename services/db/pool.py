"""The process's database connections: one psycopg pool, sized by the settings."""

import json
from collections.abc import Callable
from typing import Any

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


def create(url: str, size: int, *, name: str) -> Pool:
    """A pool of at most `size` connections, not yet open. `name` shows up in pg_stat_activity.

    Nothing relies on session state; behind a transaction pooler, set these options on the role instead.
    """
    set_json_dumps(_encode)
    set_json_loads(json.loads)
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        kwargs={"application_name": name, "options": " ".join(f"-c {option}" for option in _OPTIONS)},
        check=AsyncConnectionPool.check_connection,
        timeout=3,
    )
