"""The fleet from an operator's side: what is stopped, who is alive, queues, connections and storage."""

import asyncio

import msgspec
import structlog

from services.coordination import processes, queues, timings
from services.coordination.processes import Process
from services.coordination.queues import QueueDepth
from services.coordination.scripts import unavailable_without_redis
from services.coordination.timings import Timing
from services.db import halts, server
from services.db.server import ServerState
from services.domain.errors import Unavailable
from services.domain.halts import Halt
from services.usecases.context import Services

REDIS_SECONDS = 2.0
"""How long a Redis that hangs may hold this up."""

log = structlog.get_logger(__name__)


class RedisState(msgspec.Struct, frozen=True, kw_only=True):
    """What Redis itself, or Valkey, tells: bytes used, and its limit (0: none)."""

    version: str
    used_bytes: int
    limit_bytes: int
    eviction_policy: str
    appends: bool


class FleetState(msgspec.Struct, frozen=True, kw_only=True):
    """The fleet now. Without Redis everything but `halts` and `postgres` is empty or null.

    timings  how long the last sweep and the last ring's fetch of each market took
    """

    halts: list[Halt]
    processes: list[Process] = []
    queues: list[QueueDepth] = []
    quarantined_messages: int | None = None
    timings: dict[str, Timing] = {}
    postgres: ServerState
    redis: RedisState | None = None


async def read_fleet(services: Services) -> FleetState:
    """The fleet now. Raises what keeps the database from answering; Redis may be away."""
    async with services.pool.connection() as connection:
        stopped = await halts.in_force(connection)
        postgres = await server.state(connection, services.settings.disk_budget_bytes)
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            return FleetState(
                halts=stopped,
                postgres=postgres,
                processes=await processes.alive(services.redis),
                queues=await queues.depths(services.redis),
                quarantined_messages=await queues.quarantine_size(services.redis),
                timings=await timings.last(services.redis),
                redis=await read_redis(services),
            )
    except (Unavailable, TimeoutError):
        return FleetState(halts=stopped, postgres=postgres)


async def read_redis(services: Services) -> RedisState:
    """What Redis tells of itself. Raises Unavailable."""
    with unavailable_without_redis():
        info = await services.redis.info()
    return RedisState(
        version=str(info.get("valkey_version") or info.get("redis_version") or ""),
        used_bytes=int(info.get("used_memory", 0)),
        limit_bytes=int(info.get("maxmemory", 0)),
        eviction_policy=str(info.get("maxmemory_policy", "")),
        appends=bool(info.get("aof_enabled", 0)),
    )
