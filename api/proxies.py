"""X-Forwarded-* headers: believed from the proxies that the settings name; anybody else's are told of.

A proxy that is not named passes unnoticed otherwise: all its users share one address and its limits, and answers are
made as for plain HTTP.
"""

import time
from typing import Any

import structlog
from redis.asyncio import Redis
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services.coordination import proxies
from services.domain.errors import Unavailable

TOLD_SECONDS = 60.0
"""How often one process tells the doctor."""
_EXTENSION = "paperfleet.distrusted"
_HEADERS = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})

log = structlog.get_logger(__name__)


class ProxyHeaders:
    """ASGI around the application: what trusted proxies say of a request is put into its scope, which also tells of a
    peer that was not believed."""

    def __init__(self, app: Any, trusted: str) -> None:
        self._believing = ProxyHeadersMiddleware(app, trusted)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on what comes."""
        if scope["type"] == "http" and any(name in _HEADERS for name, _ in scope["headers"]):
            peer = scope["client"][0] if scope["client"] else None
            if peer not in self._believing.trusted_hosts:
                scope["extensions"][_EXTENSION] = peer
        await self._believing(scope, receive, send)


class Distrust:
    """Tells of peers that were not believed: in the log once, to the doctor from time to time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._next = 0.0
        self._logged = False

    async def note(self, scope: Any) -> None:
        """Look at one request's scope. Never raises: whoever asks is served all the same."""
        peer = (scope.get("extensions") or {}).get(_EXTENSION)
        if peer is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + TOLD_SECONDS
        if not self._logged:
            self._logged = True
            log.warning("proxy_not_trusted", peer=peer, setting="PAPERFLEET_TRUSTED_PROXIES")
        try:
            await proxies.tell(self._redis, peer)
        except Unavailable:
            self._next = 0.0
