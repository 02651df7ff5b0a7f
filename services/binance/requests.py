"""One GET inside the fleet's weight budget: what each answer of the exchange means, and what is tried again."""

import asyncio
import random
import re
import time
from collections.abc import Mapping
from typing import Protocol, TypeVar

import httpx
import msgspec

from services.binance.transport import PublicReadsOnly
from services.binance.wire import PROBLEM, Problem
from services.domain.errors import InvalidData, Unavailable
from services.domain.market import Market

Answer = TypeVar("Answer")

CONNECTIONS_MAX = 20
"""More connections in one client are slower, not faster."""
BODY_MAX = 32 * 1024 * 1024
TRIES_MAX = 3
PATIENCE_SECONDS = {"cycle": 20.0, "sweep": 2.0, "ring": 2.0, "command": 1.0}
"""How long a purpose waits for weight before it gives up."""
BACKOFF_SECONDS = 60.0
"""Pause after a 429, a ban or a block that does not say for how long."""

_BANNED_UNTIL = re.compile(r"banned until (\d{13})")
_UNKNOWN_RESULT = (-1000, -1001, -1006, -1007, -1008)
_WEIGHTLESS_HEADER = ("/ticker/bookTicker", "/fapi/v2/ticker/price")


class WeightGate(Protocol):
    """The fleet's budget, as `services.coordination.weight.WeightBudget` keeps it."""

    async def acquire(self, market: Market, weight: int, purpose: str) -> float:
        """Seconds to wait; 0.0 when the weight was granted."""
        ...

    async def report_used(self, market: Market, used: int) -> None:
        """The exchange's own count."""
        ...

    async def pause(self, market: Market, seconds: float, reason: str) -> None:
        """Stop the whole fleet on this market."""
        ...


class Requests:
    """One long-lived HTTP client for both markets."""

    def __init__(
        self,
        spot_url: str,
        futures_url: str,
        gate: WeightGate,
        *,
        timeout_seconds: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
        inner = transport or httpx.AsyncHTTPTransport(limits=limits)
        self._client = httpx.AsyncClient(
            transport=PublicReadsOnly(inner, spot_url, futures_url),
            timeout=httpx.Timeout(timeout_seconds, pool=60.0),
            follow_redirects=False,
            headers={"user-agent": "paperfleet"},
            trust_env=False,
        )
        self._base = {Market.SPOT: spot_url.rstrip("/"), Market.FUTURES: futures_url.rstrip("/")}
        self._gate = gate

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(
        self,
        market: Market,
        path: str,
        parameters: Mapping[str, str],
        weight: int,
        purpose: str,
        decoder: "msgspec.json.Decoder[Answer]",
    ) -> Answer:
        """The decoded answer. Raises Unavailable or InvalidData; see the module."""
        for attempt in range(TRIES_MAX):
            await self._take(market, weight, purpose)
            response = await self._send(market, path, parameters)
            if response is not None:
                await self._note_weight(market, path, response)
                if response.status_code == 200:
                    return _decoded(response, decoder, path)
                await self._refuse(market, response, path)
            await asyncio.sleep(random.uniform(0.1, 0.5) * 2**attempt)
        raise Unavailable(f"{market} {path}: no answer in {TRIES_MAX} tries")

    async def _take(self, market: Market, weight: int, purpose: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS[purpose]
        while wait := await self._gate.acquire(market, weight, purpose):
            if time.monotonic() + wait > deadline:
                raise Unavailable(f"{market}: no request weight for {wait:.1f} s")
            await asyncio.sleep(wait)

    async def _send(self, market: Market, path: str, parameters: Mapping[str, str]) -> httpx.Response | None:
        """The answer, or None when it may be asked for again at once."""
        try:
            async with self._client.stream("GET", self._base[market] + path, params=parameters) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > BODY_MAX:
                        raise InvalidData(f"{path}: the answer is larger than {BODY_MAX} bytes")
        except httpx.TransportError:
            return None
        except httpx.DecodingError as error:
            raise InvalidData(f"{path}: {error}") from error
        return httpx.Response(
            response.status_code, headers=_plain(response.headers), content=bytes(body), request=response.request
        )

    async def _note_weight(self, market: Market, path: str, response: httpx.Response) -> None:
        """Follow the exchange's own count, where its header can be trusted."""
        used = response.headers.get("x-mbx-used-weight-1m", "")
        if used.isdigit() and not (market is Market.FUTURES and path.endswith(_WEIGHTLESS_HEADER)):
            await self._gate.report_used(market, int(used))

    async def _refuse(self, market: Market, response: httpx.Response, path: str) -> None:
        """Raise what the error means; return when it may be asked again at once."""
        status, problem = response.status_code, _problem(response)
        if status in (429, 418, 403, 451):
            seconds = _pause_seconds(response, problem.msg)
            await self._gate.pause(market, seconds, f"HTTP {status} {problem.msg}".strip()[:200])
            raise Unavailable(f"{market} is paused for {seconds:.0f} s: HTTP {status}")
        if status >= 500 or status == 408 or problem.code in _UNKNOWN_RESULT:
            return
        raise InvalidData(f"{market} {path}: HTTP {status} {problem.code} {problem.msg[:200]}")


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """The headers without those that describe an encoding the body no longer has."""
    return {name: value for name, value in headers.items() if name not in ("content-encoding", "content-length")}


def _decoded(response: httpx.Response, decoder: "msgspec.json.Decoder[Answer]", path: str) -> Answer:
    try:
        return decoder.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidData(f"{path}: {error}") from error


def _problem(response: httpx.Response) -> Problem:
    try:
        return PROBLEM.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return PROBLEM.decode(b"{}")


def _pause_seconds(response: httpx.Response, message: str) -> float:
    told = response.headers.get("retry-after", "")
    if told.isdigit():
        return max(1.0, float(told))
    banned = _BANNED_UNTIL.search(message)
    if banned:
        return max(1.0, int(banned[1]) / 1000 - time.time())
    return BACKOFF_SECONDS
