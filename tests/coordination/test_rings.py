"""Rings and the quarantine over real Valkey."""

import asyncio
import itertools
import time
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from services.coordination import quarantine, rings
from services.coordination.quarantine import Suspect
from services.coordination.rings import Touched
from services.domain.errors import Unavailable
from services.domain.market import Market
from tests.servers import wait_until

TOUCHES = [Touched(f"C{number}USDT", "1@7") for number in range(300)]
BITCOIN = Touched("BTCUSDT", "1@7")
LONG = [60.0]


async def test_each_touch_is_claimed_once_whoever_asks(redis):
    answers = await asyncio.gather(*(rings.claim(redis, Market.SPOT, TOUCHES, LONG) for _ in range(6)))
    assert sorted(itertools.chain(*answers)) == sorted(touch.symbol for touch in TOUCHES)


async def test_markets_ring_apart(redis):
    await rings.claim(redis, Market.SPOT, [BITCOIN], LONG)
    assert await rings.claim(redis, Market.FUTURES, [BITCOIN], LONG) == ["BTCUSDT"]


async def test_a_touch_of_another_barrier_rings_at_once(redis):
    await rings.claim(redis, Market.SPOT, [BITCOIN], LONG)
    lower = Touched("BTCUSDT", "1@6")
    assert await rings.claim(redis, Market.SPOT, [BITCOIN, lower], LONG) == ["BTCUSDT"]


async def test_a_symbol_touched_on_both_sides_rings_once(redis):
    assert await rings.claim(redis, Market.SPOT, [BITCOIN, Touched("BTCUSDT", "2@9")], LONG) == ["BTCUSDT"]


async def test_a_touch_that_stays_undecided_rings_ever_more_seldom(redis):
    waits = [0.1, 0.2, 60]
    assert await rings.claim(redis, Market.SPOT, [BITCOIN], waits) == ["BTCUSDT"]
    assert await rings.claim(redis, Market.SPOT, [BITCOIN], waits) == []
    for longest in (0.1, 0.2):
        began = time.monotonic()
        await wait_until(lambda: rings.claim(redis, Market.SPOT, [BITCOIN], waits), 2)
        assert time.monotonic() - began > longest / 2
    gates = [key async for key in redis.scan_iter("ring:*7")]
    assert len(gates) == 1
    assert await redis.pttl(gates[0]) > 50_000


async def test_nothing_claims_nothing(redis):
    assert await rings.claim(redis, Market.SPOT, [], LONG) == []


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
            await rings.claim(nowhere, Market.SPOT, [BITCOIN], LONG)
        with pytest.raises(Unavailable):
            await quarantine.first_seen(nowhere, Market.SPOT, "BTCUSDT", Suspect(60.0, Decimal(1), 1.0))
        with pytest.raises(Unavailable):
            await quarantine.listed(nowhere)
