"""A request's line and headers are bounded in size and in time; what fits is answered, however it comes in pieces."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from api.protocol import HEAD_BYTES_MAX, HEAD_SECONDS, Protocol

pytestmark = pytest.mark.asyncio(loop_scope="package")

LINE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    yield reader, writer
    writer.close()


async def test_a_head_without_an_end_is_refused_when_it_is_too_large(api):
    async with connected(api.url) as (reader, writer):
        writer.write(LINE + b"X-Long: " + b"a" * HEAD_BYTES_MAX)
        assert (await asyncio.wait_for(reader.readline(), HEAD_SECONDS)).startswith(b"HTTP/1.1 431 ")
        assert (await reader.read()).endswith(b"\r\n\r\n"), "and the connection ends"


async def test_a_head_that_comes_too_slowly_ends_its_connection_and_no_other(api, monkeypatch):
    monkeypatch.setattr(Protocol, "head_seconds", 0.3)
    async with connected(api.url) as (quick, quicks), connected(api.url) as (slow, slows):
        slows.write(LINE)
        quicks.write(LINE + b"\r\n")
        assert (await quick.readline()).startswith(b"HTTP/1.1 200 ")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(slow.readexactly(1), HEAD_SECONDS / 2)
        await quick.readuntil(b"\r\n\r\n")
        quicks.write(LINE + b"\r\n")
        assert b"200 OK" in await quick.readuntil(b"\r\n\r\n"), "a connection that rests between requests goes on"


async def test_a_head_that_fits_is_answered_in_whatever_pieces_it_comes(api):
    async with connected(api.url) as (reader, writer):
        for _ in range(2):
            for piece in (LINE[:7], LINE[7:30], LINE[30:] + b"X-Long: ", *[b"a" * 8000] * 6, b"\r\n\r", b"\n"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            await reader.readuntil(b'"hub":true}')
