"""A client on the test's empty Valkey."""

import pytest_asyncio
from redis.asyncio import Redis


@pytest_asyncio.fixture
async def redis(redis_url):
    async with Redis.from_url(redis_url, socket_timeout=5) as client:
        yield client
