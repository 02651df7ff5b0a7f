"""A client of server-sent events for tests, and events written straight into a stream."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

from services.coordination import doorbell
from services.db import market_events
from services.usecases.context import Services

DEADLINE_SECONDS = 30.0
_APPEND = """
WITH moved AS (UPDATE accounts SET event_seq = event_seq + %(n)s WHERE id = %(id)s RETURNING event_seq - %(n)s AS base)
INSERT INTO events (stream, seq, type, action, payload)
SELECT 'a' || %(id)s, base + n, 'paper_trade', 'updated',
    jsonb_build_object('type', 'paper_trade', 'action', 'updated', 'number', base + n, 'filling', %(filling)s::text)
FROM moved, generate_series(1, %(n)s) AS n
"""


class Sse(NamedTuple):
    """One received event."""

    id: str
    event: str
    data: dict[str, Any]


class Stream:
    """An open event stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Sse:
        """The next event but beats. Raises StopAsyncIteration at the stream's end, TimeoutError when none comes."""
        return await self.next_within(DEADLINE_SECONDS)

    async def next_within(self, seconds: float) -> Sse:
        """The next event but beats, if it comes in time."""
        async with asyncio.timeout(seconds):
            while (event := await self.next_of_any_kind()).event == "beat":
                pass
            return event

    async def next_of_any_kind(self) -> Sse:
        """The next event, a beat as well. Raises StopAsyncIteration at the stream's end."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if line == "" and "data" in fields:
                return Sse(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
            if line:
                fields[name] = value
        raise StopAsyncIteration

    async def __aiter__(self) -> AsyncIterator[Sse]:
        """The events but beats, to the stream's end."""
        with contextlib.suppress(StopAsyncIteration):
            while True:
                yield await self.next()

    async def take(self, count: int) -> list[Sse]:
        """The next `count` events."""
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def streaming(http: httpx.AsyncClient, *, last_id: str = "", **query: str) -> AsyncIterator[Stream]:
    """A stream that is subscribed: its greeting has been received."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with http.stream("GET", "/api/events/", headers=headers, params=query) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        stream = Stream(response)
        async for line in stream._lines:
            if line == ": welcome":
                break
        yield stream


async def append(services: Services, count: int, *, ring: bool = True, filling: str = "", account_id: int = 1) -> None:
    """Write `count` events into the account's stream in one transaction, numbered by their seq."""
    async with services.pool.connection() as connection:
        await connection.execute(_APPEND, {"n": count, "id": account_id, "filling": filling})
    if ring:
        await doorbell.ring(services.redis, [f"a{account_id}"])


async def tell_all(services: Services) -> None:
    """An event of the market, which every stream brings."""
    async with services.pool.connection() as connection:
        await market_events.append(connection, [("instrument", "listed", {"symbol": "NEWUSDT"})])
    await doorbell.ring(services.redis, [market_events.STREAM])
