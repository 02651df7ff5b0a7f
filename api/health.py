"""For orchestrators and Prometheus: is the process alive, can it serve, what has it done."""

import asyncio

import psycopg
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from api import fleet_metrics
from api.documentation import answered
from api.hub import Hub
from api.outlet_metrics import OutletMetrics
from services.usecases.context import Services
from services.usecases.system_status import StatusReader

PROBE_SECONDS = 3.0
FLEET_SECONDS = 6.0
"""For reading the fleet's figures. With one probe more it stays below the 10 s for which Prometheus waits."""


def _parts(**parts: bool) -> dict[int, ResponseSpec]:
    """How the answers look, when these parts are well and when they are not."""
    told = {200: ("Yes.", parts), 503: ("No: what is false is away.", dict.fromkeys(parts, False))}
    return {status: answered(dict[str, bool], text, value) for status, (text, value) in told.items()}


@get(
    "/health/live",
    opt={"access": "probe"},
    tags=["System"],
    summary="Is the process alive?",
    responses=_parts(hub=True),
)
async def live(hub: NamedDependency[Hub]) -> Response[dict[str, bool]]:
    """503 when a part of it has died: restart it."""
    return Response({"hub": hub.is_alive}, status_code=200 if hub.is_alive else 503)


@get(
    "/health/ready",
    opt={"access": "probe"},
    tags=["System"],
    summary="Can it serve?",
    responses=_parts(postgres=True, redis=True, hub=True),
)
async def ready(services: NamedDependency[Services], hub: NamedDependency[Hub]) -> Response[dict[str, bool]]:
    """503 while PostgreSQL or the event hub is away: send requests elsewhere.

    `redis` is told and does not count: without it reads and streams go on, and no other process would have it.
    """
    postgres, redis = await asyncio.gather(_postgres(services), _redis(services))
    parts = {"postgres": postgres, "redis": redis, "hub": hub.is_ready}
    return Response(parts, status_code=200 if postgres and hub.is_ready else 503)


@get("/metrics", opt={"access": "metrics"}, include_in_schema=False)
async def metrics(services: NamedDependency[Services], request: Request[object, object, State]) -> Response[bytes]:
    """Prometheus text: of this process, which servers answer, and of the fleet what they tell."""
    outlets: OutletMetrics = request.app.state.outlet_metrics
    reader: StatusReader = request.app.state.status
    try:
        async with asyncio.timeout(FLEET_SECONDS):
            await outlets.refresh(services)
            status = await reader.read(())
    except (psycopg.Error, PoolTimeout, TimeoutError):
        status = None
    redis = await _redis(services) if status is None else status.fleet.redis is not None
    fleet = fleet_metrics.render(status, {"postgres": status is not None, "redis": redis})
    return Response(generate_latest() + fleet, media_type=CONTENT_TYPE_LATEST)


async def _postgres(services: Services) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS), services.pool.connection(timeout=PROBE_SECONDS) as connection:
            await connection.execute("SELECT 1")
    except (psycopg.Error, PoolTimeout, TimeoutError):
        return False
    return True


async def _redis(services: Services) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await services.redis.ping()
    except (RedisError, TimeoutError):
        return False
    return True
