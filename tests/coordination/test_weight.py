"""The weight budget over real Valkey: shares, reserves, corrections, pauses, many processes at once."""

import asyncio
import time
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from services.coordination.weight import BORROWERS, LENDER, LENT_UP_TO, RESERVES, WeightBudget
from services.domain.errors import Unavailable
from services.domain.market import Market

LIMITS = {Market.SPOT: 1000, Market.FUTURES: 200}
FREE = {market: 1 - sum(shares.values()) for market, shares in RESERVES.items()}
"""The part of each budget that no purpose reserves."""
PURPOSES = RESERVES[Market.SPOT]


def budget(redis: Redis, speed: int = 1, share: str = "1") -> WeightBudget:
    return WeightBudget(redis, LIMITS, Decimal(share), Decimal(speed))


async def spend_all(weight: WeightBudget, purpose: str, market: Market = Market.SPOT) -> int:
    """What `purpose` gets until it is told to wait."""
    spent = 0
    while await weight.acquire(market, 10, purpose) == 0:
        spent += 10
    return spent


@pytest.mark.parametrize("market", Market)
async def test_reserves_leave_a_free_part_to_whoever_comes_first(market):
    assert 0.01 < FREE[market] < 0.1
    assert RESERVES[market].keys() == PURPOSES.keys()


async def test_two_cycles_the_sweeps_and_a_scan_fit_beside_each_other():
    """What 436 and 530 pairs cost, in the default budgets; the window that slides lasts a little over a minute."""
    for market, budgeted, cycle, sweeps, scan in (
        (Market.SPOT, 4800, 2 * 436, 33 * 8, 2 * 436),
        (Market.FUTURES, 1920, 530, 33 * 7, 530 / 2),
    ):
        shares = RESERVES[market]
        assert shares["cycle"] * budgeted >= 2 * cycle
        assert (shares["sweep"] + FREE[market]) * budgeted >= sweeps
        assert shares["candles"] * budgeted >= scan


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_a_purpose_gets_its_reserve_and_the_free_part_but_not_what_others_reserved(redis, purpose):
    spent = await spend_all(budget(redis), purpose)
    borrowed = LENT_UP_TO * PURPOSES[LENDER] if purpose in BORROWERS else 0
    assert spent == pytest.approx(1000 * (PURPOSES[purpose] + FREE[Market.SPOT] + borrowed), abs=10)
    for other in PURPOSES.keys() - {purpose, LENDER if borrowed else purpose}:
        assert await budget(redis).acquire(Market.SPOT, int(1000 * PURPOSES[other]), other) == 0


async def test_finer_data_borrows_of_what_the_cycles_leave(redis):
    """On futures a cycle of last prices leaves room for a dozen look-ups, one with all marks for none."""
    limits = {Market.FUTURES: 2400}
    weight = WeightBudget(redis, limits, Decimal("0.8"), Decimal(1))
    assert await weight.acquire(Market.FUTURES, 530, "cycle") == 0
    looked_up = 0
    while await weight.acquire(Market.FUTURES, 20, "finer") == 0:
        looked_up += 1
    assert looked_up >= 15
    usage = await weight.usage(Market.FUTURES)
    assert usage.by_purpose == {"cycle": 530, "finer": 20 * looked_up}, "told as what it was used for"
    assert await weight.acquire(Market.FUTURES, 230, "sweep") == 0, "of nobody but the cycles"
    assert await weight.acquire(Market.FUTURES, 260, "cycle") == 0, "half the next cycle need not wait at all"

    await redis.flushall()
    assert await weight.acquire(Market.FUTURES, 1060, "cycle") == 0
    looked_up = 0
    while await weight.acquire(Market.FUTURES, 20, "finer") == 0:
        looked_up += 1
    assert looked_up * 20 <= (RESERVES[Market.FUTURES]["finer"] + FREE[Market.FUTURES]) * 1920


async def test_finer_data_leaves_the_rings_of_a_minute_their_weight(redis):
    """A cycle, ten look-ups and sixty rings with a mark price on futures, all of one minute."""
    weight = WeightBudget(redis, {Market.FUTURES: 2400}, Decimal("0.8"), Decimal(1))
    assert await weight.acquire(Market.FUTURES, 650, "cycle") == 0
    assert [await weight.acquire(Market.FUTURES, 20, "finer") for _ in range(10)] == [0] * 10
    assert [await weight.acquire(Market.FUTURES, 2, "ring") for _ in range(60)] == [0] * 60


async def test_nobody_spends_beyond_the_share(redis):
    weight = budget(redis, share="0.5")
    spent = [await spend_all(weight, purpose) for purpose in PURPOSES]
    assert 450 <= sum(spent) <= 500
    assert (await weight.usage(Market.SPOT)).used == sum(spent)


async def test_markets_are_counted_apart(redis):
    weight = budget(redis)
    await spend_all(weight, "cycle")
    assert await weight.acquire(Market.FUTURES, 20, "cycle") == 0


async def test_many_processes_at_once_share_one_budget(redis_url):
    clients = [Redis.from_url(redis_url) for _ in range(8)]
    fleet = [budget(client) for client in clients]
    waits = await asyncio.gather(*(member.acquire(Market.SPOT, 3, "cycle") for member in fleet for _ in range(100)))
    granted = sum(3 for wait in waits if wait == 0)
    assert granted == pytest.approx(420, abs=3)
    assert (await fleet[0].usage(Market.SPOT)).by_purpose == {"cycle": granted}
    for client in clients:
        await client.aclose()


async def test_calls_made_together_share_round_trips(redis):
    before = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] if await warmed(redis) else 0
    weight = budget(redis)
    waits = await asyncio.gather(*(weight.acquire(Market.SPOT, 2, "cycle") for _ in range(50)))
    after = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert waits == [0.0] * 50
    assert after - before <= 2


async def warmed(redis: Redis) -> bool:
    await budget(redis).usage(Market.SPOT)
    await budget(redis).acquire(Market.SPOT, 1, "cycle")
    return True


async def test_no_exchange_minute_sees_more_than_the_budget(redis):
    """Whatever minute one looks at: a bucket would let twice as much into one."""
    speed = 120  # an exchange minute lasts half a second
    weight = budget(redis, speed=speed, share="0.1")
    granted: list[float] = []
    async with asyncio.timeout(20):  # weight comes back as the minute passes
        while len(granted) * 5 < 4 * 40:
            now = time.monotonic()
            wait = await weight.acquire(Market.SPOT, 5, "cycle")
            if wait == 0:
                granted.append(now)
            else:
                await asyncio.sleep(0.005)  # long before the time told: nobody is let in early
    minute = 60 / speed
    in_a_minute = max(sum(5 for at in granted if start <= at < start + minute) for start in granted)
    assert in_a_minute <= 45


async def test_told_to_wait_it_goes_on_after_the_wait(redis):
    weight = budget(redis, speed=120)
    await spend_all(weight, "cycle")
    wait = await weight.acquire(Market.SPOT, 10, "cycle")
    assert 0 < wait <= 0.6
    await asyncio.sleep(wait)
    assert await weight.acquire(Market.SPOT, 10, "cycle") == 0


async def test_weight_of_others_at_our_address_narrows_the_budget(redis):
    weight = budget(redis, share="0.5")
    await weight.acquire(Market.SPOT, 100, "cycle")
    weight.report_used(Market.SPOT, 900)  # 800 of them are not ours
    await weight.acquire(Market.SPOT, 1, "command")
    assert (await weight.usage(Market.SPOT)).others == 800
    assert await weight.acquire(Market.SPOT, 100, "cycle") > 0
    weight.report_used(Market.SPOT, 50)  # a new minute has begun for the exchange
    await weight.acquire(Market.SPOT, 1, "command")
    assert await weight.acquire(Market.SPOT, 100, "cycle") == 0


async def test_what_redis_forgot_comes_back_with_the_exchanges_count(redis):
    weight = budget(redis, share="0.5")
    await spend_all(weight, "cycle")
    await redis.flushall()
    weight.report_used(Market.SPOT, 950)
    await weight.acquire(Market.SPOT, 1, "command")
    assert await spend_all(weight, "cycle") <= 50


async def test_a_pause_stops_every_process_until_it_has_passed(redis_url):
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
        began = time.monotonic()
        left = await budget(one).pause(Market.SPOT, 2, "HTTP 429")
        assert left == pytest.approx(2, abs=0.5)
        wait = await budget(other).acquire(Market.SPOT, 1, "command")
        assert 0.5 < wait <= left
        usage = await budget(other).usage(Market.SPOT)
        assert (usage.reason, usage.paused_seconds) == ("HTTP 429", pytest.approx(wait, abs=0.5))
        assert await budget(other).acquire(Market.FUTURES, 1, "command") == 0
        await asyncio.sleep(wait)
        assert await budget(other).acquire(Market.SPOT, 1, "command") == 0
        assert time.monotonic() - began >= 1.99
        assert (await budget(other).usage(Market.SPOT)).reason == ""


async def test_a_longer_pause_stays(redis):
    weight = budget(redis)
    await weight.pause(Market.SPOT, 100, "banned")
    assert await weight.pause(Market.SPOT, 1, "HTTP 429") == pytest.approx(100, abs=1)
    usage = await budget(redis).usage(Market.SPOT)
    assert (usage.paused_seconds, usage.reason) == (pytest.approx(100, abs=1), "banned")


async def test_a_pause_holds_in_a_process_that_knows_it_when_redis_forgets(redis):
    weight, told = budget(redis), budget(redis)
    await weight.pause(Market.SPOT, 60, "banned")
    await told.acquire(Market.SPOT, 1, "cycle")
    await redis.flushall()
    assert await weight.acquire(Market.SPOT, 1, "cycle") > 50
    assert await told.acquire(Market.SPOT, 1, "cycle") > 50


async def test_without_a_time_told_the_pause_doubles_once_a_strike(redis):
    seen = []
    for _ in range(7):
        weight = budget(redis)
        left = await asyncio.gather(*(weight.pause(Market.SPOT, None, "HTTP 429") for _ in range(5)))
        seen.append(round(max(left)))
        await redis.delete("weight:SPOT:pause")  # it has passed
    assert seen == [5, 10, 20, 40, 80, 120, 120]


async def test_without_redis_nobody_asks(redis_url):
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1) as nowhere:
        weight = budget(nowhere)
        with pytest.raises(Unavailable):
            await weight.acquire(Market.SPOT, 1, "cycle")
        with pytest.raises(Unavailable):
            await weight.usage(Market.SPOT)
        with pytest.raises(Unavailable):
            await weight.pause(Market.SPOT, 30, "banned")
        assert await weight.acquire(Market.SPOT, 1, "cycle") > 29, "the process itself pauses all the same"


async def test_a_cancelled_asker_takes_nobody_with_it(redis):
    weight = budget(redis)
    askers = [asyncio.create_task(weight.acquire(Market.SPOT, 1, "cycle")) for _ in range(10)]
    await asyncio.sleep(0)
    askers[3].cancel()
    answers = await asyncio.gather(*askers, return_exceptions=True)
    assert [each for each in answers if each != 0.0] == [answers[3]]
    assert isinstance(answers[3], asyncio.CancelledError)


async def test_an_unknown_purpose_is_a_mistake(redis):
    with pytest.raises(ValueError, match="unknown purpose"):
        await budget(redis).acquire(Market.SPOT, 1, "whim")
