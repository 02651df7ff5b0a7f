"""The process's Prometheus metrics."""

import time

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("paperfleet_http_requests_total", "HTTP requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "paperfleet_http_request_seconds", "Time to the first byte of an answer, in seconds.", ["method", "route"]
)
STREAM_CLIENTS = Gauge("paperfleet_stream_clients", "Open event streams.")
STREAM_CLIENTS_CUT = Counter("paperfleet_stream_clients_cut_total", "Event streams cut because nobody read them.")
EVENTS_DELIVERED = Counter("paperfleet_stream_events_total", "Events handed to stream clients.")
HUB_FAILURES = Counter("paperfleet_stream_read_failures_total", "Failed reads of the event log, tried again.")
RATE_LIMITED = Counter("paperfleet_http_rate_limited_total", "Requests turned away by a rate limit.")
RATE_LIMITS_SKIPPED = Counter(
    "paperfleet_http_rate_limits_skipped_total", "Requests let through uncounted because Redis was away."
)


class Measure(ASGIMiddleware):
    """Counts and times the requests that reached a route."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on and look at its answer's first message."""
        started = time.perf_counter()
        method, route = str(scope["method"]), scope["path_template"]  # type: ignore[typeddict-item]

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUESTS.labels(method, route, message["status"]).inc()
                REQUEST_SECONDS.labels(method, route).observe(time.perf_counter() - started)
            await send(message)

        await next_app(scope, receive, measured)
