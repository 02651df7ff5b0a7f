"""The two clients: what carries described requests to the API, waiting for each, or awaiting it."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx

from paperfleet.client.calls import Call, Page
from paperfleet.client.errors import ClientError, NotFound, TooMany, Unavailable, Unreachable, problem_of
from paperfleet.client.events import SILENCE_SECONDS, Event, Follower
from paperfleet.client.lines import Lines
from paperfleet.client.modes import Awaiting, Blocking, M, Sender
from paperfleet.client.parts import Parts

URL_VARIABLE, KEY_VARIABLE = "PAPERFLEET_URL", "PAPERFLEET_KEY"
DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 30.0
RETRIES = 3
_EVENTS = "/api/events/"
T = TypeVar("T")
Outcome = httpx.Response | httpx.TransportError | None


class Door:
    """Where the API is and how one asks there.

    retries  how often a request that may be repeated is sent again when nothing answers, or it shall be asked later
    """

    def __init__(self, url: str | None, key: str | None, timeout: float, retries: int) -> None:
        self.url = (url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
        self.key = key or os.environ.get(KEY_VARIABLE) or ""
        self.timeout = timeout
        self.retries = retries
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{URL_VARIABLE} must be an http or https address, got {self.url!r}")
        self.options: dict[str, Any] = {
            "base_url": self.url,
            "headers": {"Authorization": f"Bearer {self.key}"} if self.key else {},
            "trust_env": not _is_near(parts.hostname),  # no proxy is asked for this machine
        }

    def unreachable(self, error: Exception) -> Unreachable:
        """The error of a connection that came to nothing."""
        return Unreachable(self.url, str(error) or type(error).__name__)


class _Asking(Parts[M]):
    """What a client of either mode has."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        retries: int = RETRIES,
    ) -> None:
        self.door = Door(url, key, timeout, retries)
        sender: Sender = self  # type: ignore[assignment] # both clients have its methods
        super().__init__(sender)


class Client(_Asking[Blocking]):
    """Asks a paperfleet API and waits for the answers.

    url      where it is; else PAPERFLEET_URL, else http://127.0.0.1:8000
    key      an API key; else PAPERFLEET_KEY, else none, as a local run wants it
    timeout  seconds for an answer
    """

    def __init__(self, url: str | None = None, key: str | None = None, **options: Any) -> None:
        super().__init__(url, key, **options)
        self._http = httpx.Client(**self.door.options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """The answer to a described request."""
        steps = _steps(call, self.door)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                answer: T = done.value
                return answer
            if isinstance(step, float):
                outcome = None
                time.sleep(step)
                continue
            try:
                outcome = self._http.request(**step)
            except httpx.TransportError as error:
                outcome = error

    def pages(self, call: Call[Page[T]]) -> Iterator[T]:
        """The results of all pages, each asked for when the one before is read."""
        following: Call[Page[T]] | None = call
        while following is not None:
            page = self.send(following)
            yield from page.results
            following = call.after(page.next) if page.next else None

    def lines(self, call: Call[None]) -> Iterator[str]:
        """The lines of a text file as they come. Raises Unreachable where it breaks off."""
        cut = Lines()
        try:
            with self._http.stream(**_request(call, self.door.timeout)) as response:
                if not response.is_success:
                    raise _problem(response, response.read())
                for piece in response.iter_bytes():
                    yield from cut.feed(piece)
        except httpx.TransportError as error:
            raise self.door.unreachable(error) from error
        yield from cut.end()

    def events(self, **wanted: Any) -> Iterator[Event]:
        """What happens, for ever; over broken connections and restarts without gap or repeat. See Follower."""
        follower = Follower(**wanted)
        while True:
            failure: ClientError | None = None
            try:
                with self._http.stream("GET", _EVENTS, **_stream(follower)) as response:
                    if response.status_code != 200:
                        failure = _problem(response, response.read())
                    else:
                        cut = Lines()
                        for piece in response.iter_bytes():
                            for line in cut.feed(piece):
                                if event := follower.feed(line.rstrip("\r\n")):
                                    yield event
            except httpx.TransportError as error:
                failure = self.door.unreachable(error)
            time.sleep(follower.lost(failure))


class AsyncClient(_Asking[Awaiting]):
    """The same, awaited: `async with AsyncClient() as client: await client.trades.read(7)`."""

    def __init__(self, url: str | None = None, key: str | None = None, **options: Any) -> None:
        super().__init__(url, key, **options)
        self._http = httpx.AsyncClient(**self.door.options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """The answer to a described request."""
        steps = _steps(call, self.door)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                answer: T = done.value
                return answer
            if isinstance(step, float):
                outcome = None
                await asyncio.sleep(step)
                continue
            try:
                outcome = await self._http.request(**step)
            except httpx.TransportError as error:
                outcome = error

    async def pages(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        """The results of all pages, each asked for when the one before is read."""
        following: Call[Page[T]] | None = call
        while following is not None:
            page = await self.send(following)
            for each in page.results:
                yield each
            following = call.after(page.next) if page.next else None

    async def lines(self, call: Call[None]) -> AsyncIterator[str]:
        """The lines of a text file as they come. Raises Unreachable where it breaks off."""
        cut = Lines()
        try:
            async with self._http.stream(**_request(call, self.door.timeout)) as response:
                if not response.is_success:
                    raise _problem(response, await response.aread())
                async for piece in response.aiter_bytes():
                    for line in cut.feed(piece):
                        yield line
        except httpx.TransportError as error:
            raise self.door.unreachable(error) from error
        for line in cut.end():
            yield line

    async def events(self, **wanted: Any) -> AsyncIterator[Event]:
        """What happens, for ever; over broken connections and restarts without gap or repeat. See Follower."""
        follower = Follower(**wanted)
        while True:
            failure: ClientError | None = None
            try:
                async with self._http.stream("GET", _EVENTS, **_stream(follower)) as response:
                    if response.status_code != 200:
                        failure = _problem(response, await response.aread())
                    else:
                        cut = Lines()
                        async for piece in response.aiter_bytes():
                            for line in cut.feed(piece):
                                if event := follower.feed(line.rstrip("\r\n")):
                                    yield event
            except httpx.TransportError as error:
                failure = self.door.unreachable(error)
            await asyncio.sleep(follower.lost(failure))


def _steps(call: Call[T], door: Door) -> Generator[dict[str, Any] | float, Outcome, T]:
    """What to do for an answer: yields requests to send and seconds to wait, is sent what came of them."""
    request, is_lost = _request(call, door.timeout), False
    for number in range(door.retries + 1):
        outcome = yield request
        failure: ClientError
        if isinstance(outcome, httpx.Response):
            if outcome.is_success:
                return call.read(outcome.status_code, outcome.content)
            failure = _problem(outcome, outcome.content)
            if call.removes and is_lost and isinstance(failure, NotFound):
                return call.read(outcome.status_code, b"")
        else:
            assert outcome is not None
            failure, is_lost = door.unreachable(outcome), True
        may_pass = isinstance(failure, (Unreachable, Unavailable, TooMany))
        if not (call.repeatable and may_pass) or number == door.retries:
            raise failure
        told: float = getattr(failure, "retry_after", 0.0)
        yield max(told, random.uniform(0.25, 0.5) * 2**number)
    raise AssertionError("the last attempt answers or raises")


def _request(call: Call[Any], timeout: float) -> dict[str, Any]:
    return {
        "method": call.method,
        "url": call.path,
        "params": call.query,
        "content": call.content,
        "headers": call.headers,
        "timeout": httpx.Timeout(max(call.seconds, timeout), connect=timeout),
    }


def _problem(response: httpx.Response, body: bytes) -> ClientError:
    return problem_of(response.status_code, body, response.headers.get("retry-after"))


def _stream(follower: Follower) -> Mapping[str, Any]:
    timeout = httpx.Timeout(TIMEOUT_SECONDS, read=SILENCE_SECONDS)
    return {"params": follower.query(), "headers": follower.headers(), "timeout": timeout}


def _is_near(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
