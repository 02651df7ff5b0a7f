"""Who is asking, and whether this door is open to them. The one place where logins and keys will hook in.

This surface has one local owner: no login, so it answers only to this machine. What arrives through a proxy, from
another host, under a foreign host name (a rebound DNS name) or from another site's page in the owner's browser is
turned away.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.datastructures import Headers, State
from litestar.enums import ScopeType
from litestar.exceptions import PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from services.db import accounts
from services.usecases.context import Services

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Caller(msgspec.Struct, frozen=True):
    """Somebody with accounts. `account_id` is the one that new trades go to; all of them may be read and written."""

    user_id: int
    account_id: int
    account_ids: tuple[int, ...]


async def local_owner(services: Services) -> Caller:
    """The owner of this machine; the account is made at first start."""
    async with services.pool.connection() as connection:
        await accounts.ensure_owner(connection, services.settings.starting_balance)
        owner = await accounts.local_owner(connection)
    assert owner is not None
    return Caller(owner.user_id, owner.account_id, (owner.account_id,))


def provide_caller(request: Request[object, object, State]) -> Caller:
    """The caller of this request: everybody who gets past the door is the local owner."""
    caller: Caller = request.app.state.caller
    return caller


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
        if scope["method"] in _READING:  # type: ignore[typeddict-item]
            return
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            raise PermissionDeniedException("another site's page may not write here")


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
