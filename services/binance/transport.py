"""The only way out: GET to public market-data paths of the two configured hosts. Anything else is refused here.

There is no code in this product that signs a request or sends an order; this guard makes sure none can leave.
"""

import httpx

SPOT_PATHS = frozenset(
    f"/api/v3/{name}" for name in ("time", "exchangeInfo", "klines", "aggTrades", "ticker/price", "ticker/bookTicker")
)
FUTURES_PATHS = frozenset(
    {
        "/fapi/v1/time",
        "/fapi/v1/exchangeInfo",
        "/fapi/v1/klines",
        "/fapi/v1/aggTrades",
        "/fapi/v2/ticker/price",
        "/fapi/v1/ticker/bookTicker",
    }
)
_FORBIDDEN_HEADERS = ("x-mbx-apikey", "authorization", "cookie")


class ForbiddenRequestError(Exception):
    """Something other than a read of public market data tried to leave. A bug: nothing was sent."""


class PublicReadsOnly(httpx.AsyncBaseTransport):
    """Passes on GETs of allowed paths to the allowed origins; refuses everything else."""

    def __init__(self, inner: httpx.AsyncBaseTransport, spot_url: str, futures_url: str) -> None:
        self._inner = inner
        self._allowed = {
            (*_origin(httpx.URL(url)), path)
            for url, paths in ((spot_url, SPOT_PATHS), (futures_url, FUTURES_PATHS))
            for path in paths
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, or raise ForbiddenRequestError."""
        if request.method != "GET":
            raise ForbiddenRequestError(f"{request.method} is never sent")
        if (*_origin(request.url), request.url.path) not in self._allowed:
            raise ForbiddenRequestError(f"{request.url.host}{request.url.path} is no public market data")
        if any(name in request.headers for name in _FORBIDDEN_HEADERS) or b"signature=" in request.url.query:
            raise ForbiddenRequestError("credentials are never sent")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
