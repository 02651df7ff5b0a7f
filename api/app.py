"""The application: routes, doors, errors, and the lifespan that opens the services and the hub."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar, Request, Router
from litestar.config.cors import CORSConfig
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.types import Message, Scope

from api import (
    accounts,
    candles,
    docs_page,
    emergency,
    events,
    findings,
    health,
    inbox,
    instruments,
    keys,
    links,
    mode,
    notifications,
    operations,
    page,
    paper_trades,
    prices,
    public,
    session,
    signals,
    sources,
    system,
    trade_notes,
    users,
    voids,
    webhooks,
)
from api.access import provide_caller
from api.bar_schema import BarSchema
from api.closed_schema import ClosedSchema
from api.deadline import REQUEST_SECONDS, Deadline
from api.documentation import CONFIG
from api.door import LocalOnly
from api.errors import HANDLERS
from api.gate import Gate, admit, room_headers
from api.hub import STALL_SECONDS, Hub
from api.log_context import LogContext
from api.metrics import Measure
from api.outlet_metrics import OutletMetrics
from api.plain_schema import PlainSchema
from services.bootstrap import build
from services.coordination.processes import beating
from services.db.insist import insist
from services.settings import Login, Settings
from services.usecases.context import Services
from services.usecases.identify import Identifier, public_account
from services.usecases.read_day import DayReader
from services.usecases.system_status import StatusReader

BODY_BYTES_MAX = 64 * 1024
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TRANSPORT_SECURITY = "max-age=31536000"
"""Told where a proxy speaks https for us: a browser that has seen it asks this host in no other way for a year."""


def create_app(
    settings: Settings, *, stall_seconds: float = STALL_SECONDS, request_seconds: float = REQUEST_SECONDS
) -> Litestar:
    """The application; its services open with the server and close with it.

    A stream client that takes nothing for `stall_seconds` is cut off; a request without an answer after
    `request_seconds` is refused.
    """

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with (
            AsyncExitStack() as running,
            build(settings, name="paperfleet-api", for_callers=True) as services,
            Hub(services, stall_seconds=stall_seconds).running() as hub,
        ):
            await running.enter_async_context(beating(services.redis, "api", connections=services.connections))
            app.state.services = services
            app.state.hub = hub
            app.state.status = StatusReader(services.as_system())
            app.state.day = DayReader(services.as_system())
            app.state.outlet_metrics = OutletMetrics()
            app.state.identifier = hub.identifier
            app.state.gate = Gate(services, hub.identifier, await insist(lambda: public_account(services)))
            yield

    resources = [
        paper_trades,
        trade_notes,
        instruments,
        prices,
        candles,
        accounts,
        events,
        docs_page,
        session,
        users,
        keys,
        links,
        public,
        mode,
        webhooks,
        notifications,
        sources,
        signals,
        inbox,
        system,
        operations,
        voids,
        emergency,
        findings,
    ]
    return Litestar(
        [
            Router("/api", route_handlers=[resource.router for resource in resources]),
            health.live,
            health.ready,
            health.metrics,
            page.page,
            page.file,
        ],
        lifespan=[lifespan],
        dependencies={
            "services": Provide(_services, sync_to_thread=False),
            "hub": Provide(_hub, sync_to_thread=False),
            "identifier": Provide(_identifier, sync_to_thread=False),
            "caller": Provide(provide_caller, sync_to_thread=False),
        },
        guards=[admit],
        middleware=[
            LogContext(),
            Measure(),
            *([LocalOnly(settings.api_host)] if settings.login is Login.LOCAL else []),
            Deadline(request_seconds),
        ],
        exception_handlers=HANDLERS,
        cors_config=_cors(settings),
        before_send=[_secure],
        openapi_config=CONFIG,
        plugins=[BarSchema(), PlainSchema(), ClosedSchema()],
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
    )


def _cors(settings: Settings) -> CORSConfig | None:
    """Closed, unless origins are named. Those send a key; cookies never cross sites."""
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID"],
        expose_headers=["ETag", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"],
        allow_credentials=False,
    )


def _services(request: Request[object, object, State]) -> Services:
    services: Services = request.app.state.services
    return services


def _hub(request: Request[object, object, State]) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


def _identifier(request: Request[object, object, State]) -> Identifier:
    identifier: Identifier = request.app.state.identifier
    return identifier


async def _secure(message: Message, scope: Scope) -> None:
    """Put the security headers on every answer, refusals of unknown paths included."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = TRANSPORT_SECURITY
    room = scope.get("state", {}).get("room")
    if room is not None:
        for name, value in room_headers(room, scope["app"].state.services.settings.rate_per_minute).items():
            headers[name] = value
    headers.setdefault("Cache-Control", "no-store")
