"""Connections to the exchange: httpcore's own, without the pool that httpx puts before them.

The pool looks at every idle connection for every request: of 20 connections this takes more than half of a request's
CPU time (1.36 against 0.54 ms, measured), and of a single one a fifth. The last one used is taken first, so idle ones
can expire.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

import httpcore
import httpx

KEEPALIVE_SECONDS = 20.0

Origin = tuple[bytes, bytes, int | None]

_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


class Lanes(httpx.AsyncBaseTransport):
    """At most `largest` connections, each to one origin. The caller has at most so many requests under way."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._tls = httpx.create_ssl_context()  # one for all: to read the certificates takes 20 ms
        self._open = 0
        self._idle: defaultdict[Origin, list[httpcore.AsyncHTTPConnection]] = defaultdict(list)
        self._closing: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it down a free lane, which is free again when the response is closed."""
        origin = (request.url.raw_scheme, request.url.raw_host, request.url.port)
        url = httpcore.URL(scheme=origin[0], host=origin[1], port=origin[2], target=request.url.raw_path)
        headers = request.headers.raw
        lane = self._take(origin, url.origin)
        try:
            answer = await lane.handle_async_request(
                httpcore.Request(request.method, url, headers=headers, extensions=request.extensions)
            )
        except _FAILURES as error:
            self._retire(lane)
            raise _as_httpx(error) from error
        except BaseException:  # cancelled: what is left of the exchange of bytes is nobody's
            self._retire(lane)
            raise
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer, self, origin, lane))

    async def aclose(self) -> None:
        """Close all connections that are idle."""
        for lanes in self._idle.values():
            while lanes:
                self._retire(lanes.pop())
        await asyncio.gather(*self._closing)

    def give_back(self, origin: Origin, lane: httpcore.AsyncHTTPConnection) -> None:
        """The lane is free, or at its end."""
        if lane.is_available():
            self._idle[origin].append(lane)
        else:
            self._retire(lane)

    def _take(self, origin: Origin, to: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        while self._idle[origin]:
            lane = self._idle[origin].pop()
            if not lane.has_expired():
                return lane
            self._retire(lane)
        if self._open >= self._largest:
            self._retire(next(lanes for lanes in self._idle.values() if lanes).pop(0))
        self._open += 1
        return httpcore.AsyncHTTPConnection(to, self._tls, KEEPALIVE_SECONDS)

    def _retire(self, lane: httpcore.AsyncHTTPConnection) -> None:
        self._open -= 1
        task = asyncio.create_task(lane.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _Body(httpx.AsyncByteStream):
    """A response's body; its end frees the lane."""

    def __init__(
        self, answer: httpcore.Response, lanes: Lanes, origin: Origin, lane: httpcore.AsyncHTTPConnection
    ) -> None:
        self._answer = answer
        self._lanes = lanes
        self._origin = origin
        self._lane: httpcore.AsyncHTTPConnection | None = lane

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer.aiter_stream():
                yield part
        except _FAILURES as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        lane, self._lane = self._lane, None
        try:
            await self._answer.aclose()
        finally:
            if lane is not None:
                self._lanes.give_back(self._origin, lane)


def _as_httpx(error: Exception) -> httpx.TransportError:
    """The same failure by httpx, which gives each of httpcore's the same name."""
    kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
    return kind(str(error))
