"""One public GET: under the fleet's weight, inside a deadline, asked again where the exchange itself failed.

A 429, 418, 403 or 451 is never tried again here: it becomes a pause of the market for the whole fleet.
"""

import asyncio
import math
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import NoReturn, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec
import structlog

from services.binance import wire
from services.binance.endpoints import KILOBYTE, Endpoint
from services.binance.errors import ExchangeUnavailable, Held, RequestRefused
from services.binance.lanes import Lanes
from services.binance.ports import WeightGate
from services.binance.transport import PublicReadsOnly
from services.domain.errors import InvalidData, Unavailable
from services.domain.malformed import MALFORMED
from services.domain.market import Market
from services.telemetry import EXCHANGE_SECONDS

CONNECTIONS_MAX = 20
"""More in one client are slower, measured: 50 took four times as long."""

WITHIN_SECONDS = {
    "cycle": 20.0,
    "sweep": 5.0,
    "ring": 3.0,
    "finer": 10.0,
    "funding": 10.0,
    "candles": 10.0,
    "chart": 5.0,
    "command": 1.5,
    "clock": 2.0,
    "listings": 60.0,
}
"""How long a call may take altogether, by its purpose, where the caller does not say."""

HELD_SECONDS = {"ring": 0.0, "finer": 2.0}
"""How long these wait for weight. What shares their message and their worker waits as well, rings of other pairs among
it; they are asked again by the next ring or cycle."""

ATTEMPT_SECONDS = 10.0
"""The exchange itself gives up after 10 s (-1007)."""

ATTEMPT_SECONDS_MIN = 0.1
"""With less time left nothing is asked: its weight would be spent for no answer."""

FIRST_BACKOFF_SECONDS, BACKOFF_SECONDS_MAX = 0.1, 5.0
BLOCKED_SECONDS = 300.0
"""After 403 (firewall) and 451 (location): these do not pass by waiting a moment."""

BAN_SECONDS_MIN, BAN_SECONDS_MAX = 120.0, 3 * 86400.0
ERROR_BODY_MAX = 64 * KILOBYTE

UNKNOWN_RESULT_CODES = frozenset({-1000, -1001, -1006, -1007, -1008})
TOO_MANY_REQUESTS = -1003
_WEIGHT = re.compile(r"[0-9]{1,9}")
_BANNED_UNTIL = re.compile(r"banned until (\d{13})")
_HEADERS = httpx.Headers({"Accept-Encoding": "gzip", "User-Agent": "paperfleet"})
_EXTENSIONS = {"timeout": {"connect": 5.0}}
"""Of httpx's timeouts the one that is not that of the whole attempt."""

Parameters = Mapping[str, str | int]
Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class _Transient(Exception):
    """This attempt failed at the exchange or on the way there."""


class Requests:
    """One long-lived HTTP client for both markets, at most 20 connections. For one event loop."""

    def __init__(
        self, spot_url: str, futures_url: str, gate: WeightGate, *, attempt_seconds: float = ATTEMPT_SECONDS
    ) -> None:
        self._bases = {Market.SPOT: spot_url.rstrip("/"), Market.FUTURES: futures_url.rstrip("/")}
        self._gate = gate
        self._attempt_seconds = attempt_seconds
        self._slots = asyncio.Semaphore(CONNECTIONS_MAX)
        # No httpx client before it: what that adds (cookies, redirects, what the shell says) is not to leave.
        self._way_out = PublicReadsOnly(
            Lanes(CONNECTIONS_MAX), {market: httpx.URL(base) for market, base in self._bases.items()}
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._way_out.aclose()

    async def get(
        self,
        endpoint: Endpoint,
        parameters: Parameters,
        weight: int,
        purpose: str,
        decoder: "msgspec.json.Decoder[Answer]",
        within: float | None = None,
    ) -> Answer:
        """The decoded answer, had within so many wall seconds (WITHIN_SECONDS by purpose).

        Raises Held when no request may leave in that time, ExchangeUnavailable when none was answered well,
        RequestRefused when the exchange refuses this one, InvalidData for garbage and bodies beyond measure.
        """
        url = f"{self._bases[endpoint.market]}{endpoint.path}?{urlencode(parameters, quote_via=quote)}"
        deadline = time.monotonic() + (WITHIN_SECONDS[purpose] if within is None else within)
        body = await self._persist(endpoint, url, weight, purpose, deadline)
        try:
            return decoder.decode(body)
        except MALFORMED as error:
            raise InvalidData(f"{endpoint.path}: {error} ({body[:60]!r})") from error

    async def _persist(self, endpoint: Endpoint, url: str, weight: int, purpose: str, deadline: float) -> bytes:
        backoff = FIRST_BACKOFF_SECONDS
        held_until = min(deadline, time.monotonic() + HELD_SECONDS.get(purpose, math.inf))
        while True:
            failure: Unavailable
            until = deadline
            try:
                answer = await self._try(endpoint, url, weight, purpose, deadline)
                if isinstance(answer, bytes):
                    return answer
                failure = Held(f"{endpoint.market}: no request may leave for {answer:.1f} s", answer)
                wait, until = answer * random.uniform(1, 1.1), held_until
            except _Transient as error:
                failure = ExchangeUnavailable(f"{endpoint.market} {endpoint.path}: {error}")
                wait = backoff * random.uniform(0.5, 1.5)
                backoff = min(2 * backoff, BACKOFF_SECONDS_MAX)
            if time.monotonic() + wait + ATTEMPT_SECONDS_MIN > until:
                raise failure
            await asyncio.sleep(wait)

    async def _try(self, endpoint: Endpoint, url: str, weight: int, purpose: str, deadline: float) -> bytes | float:
        """The body, or the seconds to wait for weight.

        Weight is asked for with a connection in hand: what is granted leaves at once, never after a pause that
        another process has begun meanwhile.
        """
        async with self._slots:
            if wait := await self._gate.acquire(endpoint.market, weight, purpose):
                return wait
            try:
                async with (
                    _observed(endpoint.market),
                    asyncio.timeout(min(self._attempt_seconds, max(deadline - time.monotonic(), 0.0))),
                ):
                    request = httpx.Request("GET", url, headers=_HEADERS, extensions=_EXTENSIONS)
                    response = await self._way_out.handle_async_request(request)
                    try:
                        return await self._judge(endpoint, response)
                    finally:
                        await response.aclose()
            except httpx.DecodingError as error:
                raise InvalidData(f"{endpoint.path}: {error}") from error
            except (httpx.TransportError, TimeoutError) as error:
                raise _Transient(f"{type(error).__name__} {error}".strip()) from error

    async def _judge(self, endpoint: Endpoint, response: httpx.Response) -> bytes:
        used = used_weight(response)
        if endpoint.counted and used is not None:
            self._gate.report_used(endpoint.market, used)
        status = response.status_code
        if status == 200:
            return await _body(endpoint, response, endpoint.body_max)
        if status in (403, 451):  # before the body: a firewall's page may be of any size
            await self._pause(endpoint.market, BLOCKED_SECONDS, f"HTTP {status}")
        problem = _problem(await _body(endpoint, response, ERROR_BODY_MAX))
        reason = f"HTTP {status} {problem.msg}".strip()[:200]
        if status in (418, 429) or problem.code == TOO_MANY_REQUESTS:
            await self._pause(endpoint.market, _pause_seconds(response, problem), reason)
        if status == 408 or status >= 500 or problem.code in UNKNOWN_RESULT_CODES:
            raise _Transient(reason)
        raise RequestRefused(f"{endpoint.market} {endpoint.path}: {reason}", status, problem.code)

    async def _pause(self, market: Market, seconds: float | None, reason: str) -> NoReturn:
        left = await self._gate.pause(market, seconds, reason)
        log.warning("market_paused", market=market, seconds=round(left, 1), reason=reason)
        raise Held(f"{market} is paused for {left:.1f} s: {reason}", left)


@asynccontextmanager
async def _observed(market: Market) -> AsyncIterator[None]:
    """Times a request under how it went: ok, or the kind of its failure."""
    began, outcome = time.perf_counter(), "ok"
    try:
        yield
    except BaseException as error:
        outcome = _OUTCOMES.get(type(error), "unanswered")
        raise
    finally:
        EXCHANGE_SECONDS.labels(market, outcome).observe(time.perf_counter() - began)


_OUTCOMES: Mapping[type[BaseException], str] = {
    _Transient: "transient",
    Held: "paused",
    RequestRefused: "refused",
    InvalidData: "garbage",
}


async def _body(endpoint: Endpoint, response: httpx.Response, largest: int) -> bytes:
    """The decoded body. Raises InvalidData as soon as it is larger than `largest` bytes."""
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > largest:
            raise InvalidData(f"{endpoint.path}: a body of more than {largest} bytes")
    return bytes(body)


def used_weight(response: httpx.Response) -> int | None:
    """The weight used in this minute as the exchange counts it, where it tells."""
    told = _WEIGHT.fullmatch(response.headers.get("x-mbx-used-weight-1m", ""))
    return None if told is None else int(told[0])


def _problem(body: bytes) -> wire.Problem:
    """What the exchange says; a firewall says it in HTML, which is told by its status alone."""
    try:
        return wire.PROBLEM.decode(body)
    except MALFORMED:
        return wire.Problem()


def _pause_seconds(response: httpx.Response, problem: wire.Problem) -> float | None:
    """Wall seconds that the exchange asks to wait; None when it does not say."""
    told = response.headers.get("retry-after", "")
    if told.isdecimal():
        return min(max(float(told), 1.0), BAN_SECONDS_MAX)
    if until := _BANNED_UNTIL.search(problem.msg):
        return min(max(int(until[1]) / 1000 - _told_at(response), BAN_SECONDS_MIN), BAN_SECONDS_MAX)
    return BAN_SECONDS_MIN if response.status_code == 418 else None


def _told_at(response: httpx.Response) -> float:
    """When the exchange answered, in seconds since 1970: by its own clock, as a ban's end is, where it tells that."""
    with suppress(ValueError, OverflowError):
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    return time.time()
