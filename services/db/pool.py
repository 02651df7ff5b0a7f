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

_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode


def create(url: str, size: int, *, name: str) -> Pool:
    """A pool of at most `size` connections, not yet open. `name` shows up in pg_stat_activity.

    Nothing relies on session state, so the pool may stand behind a transaction pooler.
    """
    set_json_dumps(_encode)
    set_json_loads(json.loads)
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        # Times come back in the session's zone; a transaction pooler tracks this parameter.
        kwargs={"application_name": name, "options": "-c timezone=UTC"},
        check=AsyncConnectionPool.check_connection,
        timeout=3,
    )
