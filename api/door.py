"""The door of a local run: it has one owner and no login, so it opens to this machine only.

What arrives through a proxy, from another host, under a foreign host name (a rebound DNS name) or from another site's
page in the owner's browser is turned away.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.exceptions import PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class LocalOnly(ASGIMiddleware):
    """Turns away whoever is not on this machine, or is led here by another site."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, host: str) -> None:
        self._names = _LOCAL_NAMES | {host}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on, or raise PermissionDeniedException."""
        self._check(scope)
        await next_app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers.from_scope(scope)
        client = scope.get("client")
        if client is not None and not _is_loopback(client[0]):
            raise PermissionDeniedException("this API answers to its own machine only")
        if _host_name(f"//{headers.get('host', '')}") not in self._names:
            raise PermissionDeniedException("unknown host name")
        if scope["method"] in READING:  # type: ignore[typeddict-item]
            return
        if is_foreign(headers.get("origin"), headers.get("host")):
            raise PermissionDeniedException("another site's page may not write here")


def is_foreign(origin: str | None, host: str | None) -> bool:
    """Whether a browser says that another site's page makes this request."""
    return origin is not None and urlsplit(origin).netloc != host


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
