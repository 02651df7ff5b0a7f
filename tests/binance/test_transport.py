"""Nothing but GETs of public market data can leave, and nothing here could sign an order."""

import re
from pathlib import Path

import httpx
import pytest

import services
from services.binance.endpoints import ENDPOINTS
from services.binance.errors import ForbiddenRequest
from services.binance.requests import Requests
from services.binance.transport import PublicReadsOnly
from services.domain.market import Market

BASES = {Market.SPOT: httpx.URL("https://spot.test"), Market.FUTURES: httpx.URL("https://futures.test/prefix")}
KLINES = "https://spot.test/api/v3/klines"


class Recorder(httpx.AsyncBaseTransport):
    """Stands where the network begins."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def handle_async_request(self, request):
        self.sent.append(str(request.url))
        return httpx.Response(200)


async def attempt(request: httpx.Request) -> list[str]:
    recorder = Recorder()
    try:
        await PublicReadsOnly(recorder, BASES).handle_async_request(request)
    except ForbiddenRequest:
        assert recorder.sent == []
    return recorder.sent


def get(url: str, **options) -> httpx.Request:
    return httpx.Request("GET", url, **options)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
async def test_public_market_data_passes(endpoint):
    url = str(BASES[endpoint.market]).rstrip("/") + endpoint.path + "?symbol=BTCUSDT&limit=5"
    assert await attempt(get(url)) == [url]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE"])
async def test_no_other_method_leaves(method):
    assert await attempt(httpx.Request(method, KLINES)) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://spot.test/api/v3/order",
        "https://spot.test/api/v3/account",
        "https://spot.test/api/v3/klines/",
        "https://spot.test/api/v3/klines/../order",
        "https://spot.test/api/v3/%6frder",
        "https://spot.test//api/v3/klines",
        "https://spot.test/api/v3/ticker/price%00",
        "https://spot.test/fapi/v1/klines",
        "https://spot.test/",
        "https://futures.test/fapi/v1/klines",
        "https://futures.test/prefix/fapi/v1/order",
        "https://futures.test/prefix/fapi/v1/leverageBracket",
        "https://futures.test/prefix/api/v3/klines",
        "https://elsewhere.test/api/v3/klines",
        "https://spot.test.evil.test/api/v3/klines",
        "https://spot.test:8443/api/v3/klines",
        "http://spot.test/api/v3/klines",
        "https://key@spot.test/api/v3/klines",
        "https://spot.test/api/v3/klines?signature=abc",
        "https://spot.test/api/v3/klines?symbol=BTCUSDT&timestamp=1&signature=abc",
        "https://spot.test/api/v3/klines?apiKey=abc",
    ],
)
async def test_no_other_place_and_no_other_parameter_is_asked(url):
    assert await attempt(get(url)) == []


@pytest.mark.parametrize("header", ["X-MBX-APIKEY", "Authorization", "Cookie", "X-Anything"])
async def test_no_credentials_leave(header):
    assert await attempt(get(KLINES, headers={header: "value"})) == []


@pytest.mark.parametrize("body", [{"content": b"x"}, {"json": {}}, {"data": {"side": "BUY"}}])
async def test_no_body_leaves(body):
    assert await attempt(get(KLINES, **body)) == []


async def test_no_body_leaves_undeclared():
    request = get(KLINES, content=b"side=BUY")
    del request.headers["content-length"]
    assert await attempt(request) == []


async def test_the_client_itself_goes_through_it(server, weight):
    requests = Requests(server.url, server.url, weight)
    with pytest.raises(ForbiddenRequest):
        await requests._way_out.handle_async_request(httpx.Request("POST", f"{server.url}/api/v3/order?side=BUY"))
    with pytest.raises(ForbiddenRequest):
        await requests._way_out.handle_async_request(get(f"{server.url}/api/v3/openOrders"))
    await requests.close()
    assert server.requests == []


def test_nothing_in_the_library_can_sign():
    """No signing, no order endpoint, no key header anywhere in what talks to the exchange."""
    package = Path(services.__file__).parent / "binance"
    forbidden = re.compile(
        r"hmac|hashlib|secret|signature=|X-MBX-APIKEY|api/v3/order|fapi/v1/order|\.post\(|\.put\(", re.I
    )
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted(package.rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []
