"""What Redis holds is in Redis' time, whatever the clock of the machine that wrote or reads it says."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from services.coordination.prices import PriceCache
from services.coordination.shared_clock import AGE_SECONDS_MAX, SharedClock, ahead
from services.domain.market import Market, Quote

TEN_MINUTES = timedelta(minutes=10)
BLINK = timedelta(seconds=2)


def skewed(by: timedelta) -> SharedClock:
    """The shared clock on a machine whose own is wrong by so much."""
    return SharedClock(wall=lambda: time.time() + by.total_seconds())


@pytest.mark.parametrize("skew", [-TEN_MINUTES, timedelta(0), TEN_MINUTES])
async def test_it_tells_what_a_wrong_clock_lacks_and_nothing_of_a_right_one(redis, skew):
    told = await ahead(redis, skewed(skew))
    assert abs(told + skew) < BLINK
    assert skew or told == timedelta(0)


@pytest.mark.parametrize("writer", [-TEN_MINUTES, timedelta(0), TEN_MINUTES])
@pytest.mark.parametrize("reader", [-TEN_MINUTES, timedelta(0), TEN_MINUTES])
async def test_a_quote_is_as_old_to_every_reader_whoever_stored_it(redis, writer, reader):
    asked_at = datetime.now(UTC) - timedelta(seconds=7)
    quote = Quote(Decimal(5), Decimal(5), Decimal(5), asked_at + writer)
    await PriceCache(redis, clock=skewed(writer)).store(Market.SPOT, {"BTCUSDT": quote})
    cache = PriceCache(redis, clock=skewed(reader))
    (found,) = (await cache.all(Market.SPOT)).values()
    swept_at = await cache.swept_at(Market.SPOT)
    for at in (found.asked_at, swept_at):
        age = datetime.now(UTC) + reader - at
        assert abs(age - timedelta(seconds=7)) < BLINK


async def test_a_younger_sweep_is_younger_whatever_its_workers_clock_says(redis):
    now = datetime.now(UTC)
    for skew, last, age in ((TEN_MINUTES, 5, 4), (-TEN_MINUTES, 6, 2)):
        quote = Quote(Decimal(last), Decimal(last), Decimal(last), now - timedelta(seconds=age) + skew)
        await PriceCache(redis, clock=skewed(skew)).store(Market.SPOT, {"BTCUSDT": quote})
    found = await PriceCache(redis).one(Market.SPOT, "BTCUSDT")
    assert found is not None
    assert found.last == 6


async def test_a_step_of_the_own_clock_is_seen_at_once_and_redis_is_asked_seldom(redis):
    steps = [0.0]
    clock = SharedClock(wall=lambda: time.time() + steps[0])
    await ahead(redis, clock)
    steps[0] = -600
    asked = await _calls(redis)
    assert abs(await ahead(redis, clock) - TEN_MINUTES) < BLINK
    assert await _calls(redis) == asked


async def test_while_redis_is_away_the_last_answer_holds(redis):
    now = [0.0]
    clock = SharedClock(monotonic=lambda: now[0], wall=lambda: now[0])
    clock.begin()
    clock.told((1_000, 0), 0.0)
    now[0] = AGE_SECONDS_MAX + 1
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1) as nobody:
        assert await ahead(nobody, clock) == timedelta(seconds=1_000)
        now[0] += 1
        assert clock.begin() is None, "nobody else waits for a Redis that is away"


def test_an_answer_that_took_long_does_not_replace_a_better_one():
    now = [0.0]
    clock = SharedClock(monotonic=lambda: now[0], wall=lambda: now[0])
    clock.told((100, 0), 0.0)
    now[0] = 40.0
    clock.told((121, 0), 15.0)
    assert clock.ahead() == timedelta(seconds=100)


async def _calls(redis: Redis) -> int:
    stats = await redis.info("commandstats")
    return int(stats["cmdstat_time"]["calls"])
