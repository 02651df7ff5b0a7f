"""Rings and the quarantine over real Valkey."""

import asyncio
import itertools
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from services.coordination import quarantine, rings
from services.coordination.quarantine import Suspect
from services.domain.errors import Unavailable
from services.domain.market import Market
from tests.servers import wait_until

NAMES = [f"C{number}USDT" for number in range(300)]


async def test_each_symbol_is_claimed_once_whoever_asks(redis):
    answers = await asyncio.gather(*(rings.claim(redis, Market.SPOT, NAMES, 60) for _ in range(6)))
    assert sorted(itertools.chain(*answers)) == sorted(NAMES)


async def test_markets_ring_apart(redis):
    await rings.claim(redis, Market.SPOT, ["BTCUSDT"], 60)
    assert await rings.claim(redis, Market.FUTURES, ["BTCUSDT"], 60) == ["BTCUSDT"]


async def test_after_its_time_a_symbol_rings_again(redis):
    assert await rings.claim(redis, Market.SPOT, ["BTCUSDT"], 0.2) == ["BTCUSDT"]
    assert await rings.claim(redis, Market.SPOT, ["BTCUSDT"], 0.2) == []
    await wait_until(lambda: rings.claim(redis, Market.SPOT, ["BTCUSDT"], 0.2), 2)


async def test_nothing_claims_nothing(redis):
    assert await rings.claim(redis, Market.SPOT, [], 1) == []


async def test_a_suspect_is_known_by_its_bar_and_price(redis):
    first = Suspect(bar=60.0, close=Decimal("1000.50"), seen=100.0)
    assert await quarantine.first_seen(redis, Market.SPOT, "BTCUSDT", first) == first
    later = Suspect(bar=60.0, close=Decimal("1000.50"), seen=170.0)
    assert await quarantine.first_seen(redis, Market.SPOT, "BTCUSDT", later) == first
    assert await quarantine.first_seen(redis, Market.FUTURES, "BTCUSDT", later) == later
    assert await quarantine.listed(redis) == ["FUTURES:BTCUSDT:60", "SPOT:BTCUSDT:60"]


async def test_another_price_is_another_suspect(redis):
    await quarantine.first_seen(redis, Market.SPOT, "BTCUSDT", Suspect(60.0, Decimal(1000), 100.0))
    other = Suspect(60.0, Decimal(2000), 170.0)
    assert await quarantine.first_seen(redis, Market.SPOT, "BTCUSDT", other) == other


async def test_without_redis_they_say_so():
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1) as nowhere:
        with pytest.raises(Unavailable):
            await rings.claim(nowhere, Market.SPOT, ["BTCUSDT"], 1)
        with pytest.raises(Unavailable):
            await quarantine.first_seen(nowhere, Market.SPOT, "BTCUSDT", Suspect(60.0, Decimal(1), 1.0))
        with pytest.raises(Unavailable):
            await quarantine.listed(nowhere)
