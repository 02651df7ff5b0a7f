"""The ASGI application: routing, weights, faults, headers, compression, the log."""

import asyncio
import gzip
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any, NamedTuple

from deploy.simulator import faults as fault_rules
from deploy.simulator.control import Control
from deploy.simulator.errors import ApiError
from deploy.simulator.faults import Fault
from deploy.simulator.limits import Limiter
from deploy.simulator.parameters import Parameters, parse
from deploy.simulator.request import Request, Route
from deploy.simulator.routes import ROUTES
from deploy.simulator.stage import Stage
from services.domain.market import Market

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

GZIP_FROM_BYTES = 2_000
TIMEOUT_SECONDS = 120
_COMMON: Headers = [
    (b"vary", b"Accept-Encoding"),
    (b"cache-control", b"no-cache, no-store, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
    (b"access-control-allow-origin", b"*"),
]
_FIXED: dict[Market, Headers] = {
    Market.SPOT: [(b"server", b"nginx"), *_COMMON],
    Market.FUTURES: [(b"server", b"Tengine"), *_COMMON],
}
_JSON = {Market.SPOT: b"application/json;charset=UTF-8", Market.FUTURES: b"application/json"}
_NOT_FOUND_HTML = b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"


class Answer(NamedTuple):
    """What goes back to the client."""

    status: int
    body: bytes
    headers: Headers
    content_type: bytes = b"application/json"


class Application:
    """Serves one stage. Public paths and /control share the port, never a path."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._exchange = stage.exchange
        self._control = Control(stage)
        self._date = (0, b"")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        path: str = scope["path"]
        if path.startswith("/control/"):
            status, body = self._control.answer(scope["method"], path, await _body(receive))
            await _send(send, status, [(b"content-type", b"application/json")], body)
            return
        if scope["method"] != "GET":
            await _send(send, *_bare(_unknown(path, scope["method"])))
            return
        query = scope["query_string"].decode("latin-1")
        striking = self._stage.faults.striking(path, query)
        if self._stage.latency_ms:
            await asyncio.sleep(self._stage.latency_ms / 1000)
        if striking:
            await self._spoiled(striking, path, scope, receive, send)
            return
        answer = self._answer(path, query, scope["headers"])
        self._stage.counts[path, answer.status] += 1
        await _send(send, answer.status, *_packed(answer, scope["headers"]))

    def _answer(self, path: str, query: str, headers: Headers, before: list[Fault] | None = None) -> Answer:
        route = ROUTES.get(path)
        if route is None:
            return _unknown(path)
        limiter = self._limiter(route)
        try:
            parameters = parse(query)
            weight = route.weight if isinstance(route.weight, int) else route.weight(parameters)
            limiter.charge(path, weight)
            if before:
                self._refuse_by_fault(before, limiter)
            body, status, extra = route.handler(self._request(route, parameters, headers, before)), 200, []
        except ApiError as error:
            body, status, weight = error.body, error.status, 0
            extra = [(b"retry-after", b"%d" % error.retry_after)] if error.retry_after is not None else []
        extra += self._headers(route, limiter, weight)
        return Answer(status, body, extra, _JSON[route.market])

    def _limiter(self, route: Route) -> Limiter:
        return self._exchange.funding_limit if route.pool == "funding" else self._exchange.limits[route.market]

    def _request(self, route: Route, parameters: Parameters, headers: Headers, before: list[Fault] | None) -> Request:
        now = self._exchange.clock.now()
        for fault in before or ():
            if fault.kind == "stale":
                now = fault.begun_at
            elif fault.kind == "skew":
                now += fault.ms
        micro = route.market is Market.SPOT and (b"x-mbx-time-unit", b"MICROSECOND") in headers
        return Request(self._exchange, route.market, parameters, now, micro)

    def _refuse_by_fault(self, striking: list[Fault], limiter: Limiter) -> None:
        for fault in striking:
            exchange_ms = int(fault.retry_after * 1000 * self._exchange.clock.speed)
            if fault.kind == "429":
                raise limiter.refuse(exchange_ms)
            if fault.kind == "418":
                raise limiter.ban(exchange_ms)

    def _headers(self, route: Route, limiter: Limiter, weight: int) -> Headers:
        second = self._exchange.clock.now() // 1000
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True).encode())
        found = [*_FIXED[route.market], (b"date", self._date[1])]
        used = b"%d" % (weight if route.header == "own" else limiter.used)
        if route.market is Market.SPOT:
            found.append((b"x-mbx-uuid", str(uuid.uuid4()).encode()))
            found.append((b"x-mbx-used-weight", used))
        else:
            found.append((b"x-response-time", b"0ms"))
        if route.header != "none":
            found.append((b"x-mbx-used-weight-1m", used))
        return found

    async def _spoiled(self, striking: list[Fault], path: str, scope: Message, receive: Receive, send: Send) -> None:
        """One request hit by faults: the first that ends it wins, content faults add up."""
        kinds = {fault.kind: fault for fault in striking}
        if "slow" in kinds:
            await asyncio.sleep(kinds["slow"].ms / 1000)
        if "timeout" in kinds:
            self._stage.counts[path, 0] += 1
            await _until_gone(receive)
            return
        if "drop" in kinds:
            self._stage.counts[path, 0] += 1
            _cut(send)
            return
        answer = self._answer(path, scope["query_string"].decode("latin-1"), scope["headers"], striking)
        if answer.status == 200:
            answer = _refused(kinds, answer)
        if answer.status == 200:
            answer = _changed(striking, answer)
        self._stage.counts[path, answer.status] += 1
        headers, body = _packed(answer, scope["headers"])
        if "truncate" in kinds:
            await _send(send, answer.status, headers, body[: len(body) // 2], more=True)
            _cut(send)
            return
        await _send(send, answer.status, headers, body)


def _refused(kinds: dict[str, Fault], answer: Answer) -> Answer:
    for kind in kinds.keys() & set(fault_rules.REFUSALS):
        status, content_type, body = fault_rules.refusal(kinds[kind])
        return Answer(status, body, answer.headers, content_type)
    return answer


def _changed(striking: list[Fault], answer: Answer) -> Answer:
    for fault in striking:
        if fault.kind in fault_rules.CONTENT:
            content_type = b"text/html" if fault.kind == "html" else answer.content_type
            answer = answer._replace(body=fault_rules.spoil(fault, answer.body), content_type=content_type)
    return answer


def _unknown(path: str, method: str = "GET") -> Answer:
    if path.startswith("/fapi/"):
        return Answer(404, ApiError(404, -5000, f"Path {path}, Method {method} is invalid").body, [])
    return Answer(404, _NOT_FOUND_HTML, [], b"text/html")


def _bare(answer: Answer) -> tuple[int, Headers, bytes]:
    return answer.status, *_packed(answer, [])


def _packed(answer: Answer, request_headers: Headers) -> tuple[Headers, bytes]:
    """Headers and body as they travel: large bodies are zipped for clients that accept it."""
    body, headers = answer.body, [(b"content-type", answer.content_type), *answer.headers]
    if len(body) >= GZIP_FROM_BYTES and any(
        name == b"accept-encoding" and b"gzip" in value for name, value in request_headers
    ):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", b"%d" % len(body)))
    return headers, body


async def _send(send: Send, status: int, headers: Headers, body: bytes, *, more: bool = False) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _until_gone(receive: Receive) -> None:
    """Waits until the client gives up (or long enough), without an answer."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while (await receive())["type"] != "http.disconnect":
            pass


def _cut(send: Send) -> None:
    """Closes the connection under the client. ASGI has no word for that, so the server's transport is taken."""
    transport = send.__self__.transport  # type: ignore[attr-defined]
    transport.abort()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
