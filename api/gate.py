"""The gate before every route: identifies the caller, checks their reach, and counts their requests."""

import math
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from redis.exceptions import RedisError

from api.access import Caller, access_of, caller_of, check
from api.door import READING, is_foreign
from api.metrics import RATE_LIMITED, RATE_LIMITS_SKIPPED
from api.proxies import Distrust
from api.query import check_query
from services.coordination.caller_network import network_of
from services.coordination.rate import Limit, RateLimits, Room
from services.db import acting
from services.db.acting import Acting
from services.db.sessions import Identity
from services.domain.credentials import csrf_token
from services.domain.errors import Forbidden, TooMany, Unidentified
from services.settings import Login
from services.usecases.context import Services
from services.usecases.identify import Identifier

TICKET = "ticket"
"""The opt of a route that a stream ticket opens as well."""
COOKIE = "paperfleet_session"
CSRF_HEADER = "X-CSRF-Token"
BURST_SHARE = 0.25
"""How much of a minute's requests may come at once."""
NEIGHBOURS = 10
"""So many callers' requests may come from one address, all its credentials together."""

Connection = ASGIConnection[Any, Any, Any, Any]


class Gate:
    """One process's gate. With `login` = local everybody who got past the door is the local owner."""

    def __init__(self, services: Services, identifier: Identifier, public_id: int | None) -> None:
        self._services = services
        self._settings = services.settings
        self._identifier = identifier
        self._public_id = public_id
        self._limits = RateLimits(services.redis)
        self._distrust = Distrust(services.redis)

    async def admit(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Put the caller into the request's scope. Raises what turns them away."""
        access, method = access_of(handler), method_of(connection)
        if access == "probe" or (access == "metrics" and _is_near(connection)):
            return  # neither may fail because a server of ours is away
        if access == "metrics":
            access = "admin"
        address = connection.client.host if connection.client else ""
        ticket = connection.query_params.get("ticket") if handler.opt.get(TICKET) else None
        if self._settings.login is Login.LOCAL:
            identity = await (self._identifier.local() if ticket is None else self._identifier.by_ticket(ticket))
            if identity is None and ticket is not None:
                raise _unidentified()
        else:
            await self._distrust.note(connection.scope)
            identity = await self._identify(connection, access, method, address, ticket)
        caller = caller_of(identity, self._public_id, self._settings.public_writers)
        connection.scope["state"]["caller"] = caller
        acting.begin(Acting(caller.user_id or None, caller.via, address))
        if self._settings.login is Login.REQUIRED:
            await self._count(connection, caller, address)
        check(caller, method, access, has_id=bool(connection.scope.get("path_params")))

    async def _identify(
        self, connection: Connection, access: str, method: str, address: str, ticket: str | None
    ) -> Identity | None:
        """Whose credential the request shows, None without one. Raises Unidentified for one that does not hold."""
        if access == "open" and method not in READING and _is_foreign(connection):
            raise Forbidden("foreign_page", "another site's page may not write here")
        authorization = connection.headers.get("authorization")
        token = connection.cookies.get(cookie_name(connection))

        async def may_look() -> None:
            await self._through(connection, self._limits.look, self._of_strangers(address))

        if authorization is not None:
            scheme, _, text = authorization.partition(" ")
            found = await self._identifier.by_key(text.strip(), may_look) if scheme.lower() == "bearer" else None
        elif ticket is not None:
            found = await self._identifier.by_ticket(ticket)
        elif token is not None:
            found = await self._identifier.by_session(token, may_look)
            if found is None and (access == "open" or (access == "public" and method in READING)):
                return None  # a cookie that has run out must not keep anybody from the login, nor write as nobody's
            if found is not None and method not in READING and access != "open":
                _check_page(connection, token)
        else:
            return None
        if found is None:
            await self._through(connection, self._limits.take, self._of_strangers(address))
            raise _unidentified()
        return found

    async def _count(self, connection: Connection, caller: Caller, address: str) -> None:
        if caller.is_anonymous:
            limits = [self._of_strangers(address)]
        else:
            limits = [self._limit(_limit_name(caller)), self._limit(f"from:{network_of(address)}", NEIGHBOURS)]
        await self._through(connection, self._limits.take, *limits)

    def _of_strangers(self, address: str) -> Limit:
        """What an address may ask without a credential that holds."""
        return self._limit(f"address:{network_of(address)}")

    def _limit(self, name: str, times: int = 1) -> Limit:
        per_minute = self._settings.rate_per_minute * times
        return Limit(name, per_minute, max(1, int(per_minute * BURST_SHARE)))

    async def _through(self, connection: Connection, ask: Callable[..., Awaitable[Room]], *limits: Limit) -> None:
        """Raises TooMany. Without Redis there is no limit: who is in must not be locked out by that."""
        if self._settings.rate_per_minute <= 0:
            return
        try:
            room = await ask(*limits)
        except RedisError:
            RATE_LIMITS_SKIPPED.inc()
            return
        connection.scope["state"]["room"] = room
        if not room.admitted:
            RATE_LIMITED.inc()
            raise TooMany("rate_limited", "too many requests: slow down", retry_after=math.ceil(room.retry_after) or 1)


async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of all routes. Raises NotFoundException for a path that spells an id in another way than answers do."""
    segments = connection.scope["path"].split("/")
    if any(isinstance(value, int) and str(value) not in segments for value in connection.path_params.values()):
        raise NotFoundException  # the framework takes whatever int() does: "+1", "1_0", digits of other scripts
    gate: Gate = connection.app.state.gate
    await gate.admit(connection, handler)
    check_query(connection, handler)


def method_of(connection: Connection) -> str:
    """The request's method."""
    return str(connection.scope["method"])  # type: ignore[typeddict-item] # we serve no websockets


def cookie_name(connection: Connection) -> str:
    """The session cookie's name; over https browsers hold the prefix's promises."""
    return f"__Host-{COOKIE}" if connection.scope["scheme"] == "https" else COOKIE


def room_headers(room: Room, per_minute: int) -> dict[str, str]:
    """What an answer says of the caller's limit."""
    return {
        "RateLimit-Limit": str(per_minute),
        "RateLimit-Remaining": str(room.remaining),
        "RateLimit-Reset": str(max(1, round(room.reset_after + room.retry_after))),
    }


def _is_near(connection: Connection) -> bool:
    """Whether the peer itself asks, from this machine or a private network: a scraper, nobody behind a proxy."""
    headers = connection.headers
    if connection.client is None or "forwarded" in headers or "x-forwarded-for" in headers:
        return False
    try:
        return ip_address(connection.client.host).is_private
    except ValueError:
        return False


def _unidentified() -> Unidentified:
    return Unidentified("bad_credential", "this key, login or ticket does not hold")


def _limit_name(caller: Caller) -> str:
    return caller.via if caller.via.startswith("key") else f"user:{caller.user_id}"


def _check_page(connection: Connection, token: str) -> None:
    """A cookie travels with whatever any page asks for: a page of ours knows more than that."""
    shown = connection.headers.get(CSRF_HEADER, "")
    if _is_foreign(connection) or not compare_digest(shown.encode(), csrf_token(token).encode()):
        raise Forbidden("csrf", f"a write by cookie needs the header {CSRF_HEADER} from GET /api/session/")


def _is_foreign(connection: Connection) -> bool:
    return is_foreign(connection.headers.get("origin"), connection.headers.get("host"))
