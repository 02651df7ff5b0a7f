"""Connections to the exchange, each in a transport of its own.

httpcore's pool looks at every idle connection for every request: of 20 connections this takes more than half of a
request's CPU time (1.36 against 0.54 ms, measured). The last one used is taken first, so idle ones can expire.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

import httpx

KEEPALIVE_SECONDS = 20.0
_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS)

Origin = tuple[str, str, int | None]


class Lanes(httpx.AsyncBaseTransport):
    """At most `largest` connections, each to one origin. The caller has at most so many requests under way."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._tls = httpx.create_ssl_context()  # one for all: to read the certificates takes 20 ms
        self._open = 0
        self._idle: defaultdict[Origin, list[httpx.AsyncHTTPTransport]] = defaultdict(list)
        self._closing: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it down a free lane, which is free again when the response is closed."""
        origin = (request.url.scheme, request.url.host, request.url.port)
        lane = self._take(origin)
        try:
            response = await lane.handle_async_request(request)
        except BaseException:  # cancelled as well: what is left of the exchange of bytes is nobody's
            self._retire(lane)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Body(response.stream, self, origin, lane)
        return response

    async def aclose(self) -> None:
        """Close all connections that are idle."""
        for lanes in self._idle.values():
            while lanes:
                self._retire(lanes.pop())
        await asyncio.gather(*self._closing)

    def give_back(self, origin: Origin, lane: httpx.AsyncHTTPTransport) -> None:
        """The lane is free."""
        self._idle[origin].append(lane)

    def _take(self, origin: Origin) -> httpx.AsyncHTTPTransport:
        if self._idle[origin]:
            return self._idle[origin].pop()
        if self._open >= self._largest:
            self._retire(next(lanes for lanes in self._idle.values() if lanes).pop(0))
        self._open += 1
        # trust_env off: neither .netrc nor a proxy of the shell may add to what leaves.
        return httpx.AsyncHTTPTransport(verify=self._tls, limits=_ONE, trust_env=False)

    def _retire(self, lane: httpx.AsyncHTTPTransport) -> None:
        self._open -= 1
        task = asyncio.create_task(lane.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _Body(httpx.AsyncByteStream):
    """A response's body; its end frees the lane."""

    def __init__(
        self, stream: httpx.AsyncByteStream, lanes: Lanes, origin: Origin, lane: httpx.AsyncHTTPTransport
    ) -> None:
        self._stream = stream
        self._lanes = lanes
        self._origin = origin
        self._lane: httpx.AsyncHTTPTransport | None = lane

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        lane, self._lane = self._lane, None
        try:
            await self._stream.aclose()
        finally:
            if lane is not None:
                self._lanes.give_back(self._origin, lane)
