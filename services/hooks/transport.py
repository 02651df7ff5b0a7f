"""The only way out to users' endpoints: POSTs of ours to a checked address, anything else is refused."""

from collections.abc import Awaitable, Callable

import httpx

from services.hooks.addresses import Forbidden, Policy, resolve

HEADERS = frozenset(
    {
        *("host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length"),
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    }
)

Resolve = Callable[[str, int], Awaitable[list[str]]]


class CheckedPosts(httpx.AsyncBaseTransport):
    """Passes POSTs on to the very address that the policy has judged. Raises Forbidden for the rest."""

    def __init__(self, inner: httpx.AsyncBaseTransport, policy: Policy, resolver: Resolve = resolve) -> None:
        self._inner = inner
        self._policy = policy
        self._resolve = resolver

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, if it may leave: the name is resolved once, and TLS still proves that name."""
        if request.method != "POST":
            raise Forbidden(f"{request.method} is not POST")
        if not request.headers.keys() <= HEADERS:
            raise Forbidden(f"headers beyond our own: {sorted(request.headers.keys() - HEADERS)}")
        place = self._policy.destination(str(request.url))
        address = self._policy.choose(place, await self._resolve(place.host, place.port))
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # their Host is the name
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": place.host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()
