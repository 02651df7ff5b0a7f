"""The only way out to the exchange: public GETs pass, anything else is refused before it leaves."""

from collections.abc import Mapping

import httpx

from services.binance.endpoints import ENDPOINTS, PARAMETERS
from services.binance.errors import ForbiddenRequest
from services.domain.market import Market

HEADERS = frozenset({"host", "accept", "accept-encoding", "connection", "user-agent"})
"""No key, cookie or authorization is among them."""

Origin = tuple[str, str, int | None]


class PublicReadsOnly(httpx.AsyncBaseTransport):
    """Passes on GETs of public market-data paths at the two base URLs. Raises ForbiddenRequest for the rest."""

    def __init__(self, inner: httpx.AsyncBaseTransport, bases: Mapping[Market, httpx.URL]) -> None:
        self._inner = inner
        self._allowed = {
            (_origin(bases[endpoint.market]), bases[endpoint.market].path.rstrip("/") + endpoint.path)
            for endpoint in ENDPOINTS
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, if it may leave."""
        self._check(request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    def _check(self, request: httpx.Request) -> None:
        url = request.url
        if request.method != "GET":
            raise ForbiddenRequest(f"{request.method} is not GET")
        if url.userinfo or (_origin(url), url.path) not in self._allowed:
            raise ForbiddenRequest(f"{url.host}{url.path} is not a public market-data path")
        if not request.headers.keys() <= HEADERS:
            raise ForbiddenRequest(f"headers beyond the plain ones: {sorted(request.headers.keys() - HEADERS)}")
        if not url.params.keys() <= PARAMETERS:
            raise ForbiddenRequest(f"unknown parameters: {sorted(url.params.keys() - PARAMETERS)}")
        if not isinstance(request.stream, httpx.ByteStream) or request.content:
            raise ForbiddenRequest("a body")


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port
