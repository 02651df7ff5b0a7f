"""Exchange time between two answers: extrapolated, never backwards, never ahead."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.binance.clock import ExchangeClock
from services.domain.errors import Unavailable
from services.domain.market import Market

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class World:
    """A wall whose time the test moves, and an exchange on its own clock that answers after `latency`."""

    def __init__(self, speed: int = 1) -> None:
        self.wall = 1000.0
        self.speed = speed
        self.ahead = timedelta(0)
        self.latency = 0.0
        self.away = False
        self.asked = 0

    @property
    def exchange(self) -> datetime:
        return NOON + (self.wall - 1000.0) * self.speed * SECOND + self.ahead

    async def ask(self, market: Market) -> datetime:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away")
        told = self.exchange
        self.wall += self.latency
        return told

    def clock(self) -> ExchangeClock:
        return ExchangeClock(self.ask, Decimal(self.speed), lambda: self.wall)


@pytest.mark.parametrize("speed", [1, 30])
async def test_time_runs_at_the_exchanges_speed_between_answers(speed):
    world = World(speed)
    clock = world.clock()
    assert await clock.now(Market.SPOT) == NOON
    world.wall += 0.75
    assert await clock.now(Market.SPOT) == NOON + 0.75 * speed * SECOND
    assert world.asked == 1


async def test_it_asks_again_when_its_answer_is_old():
    world = World()
    clock = world.clock()
    await clock.now(Market.SPOT)
    world.ahead = 2 * SECOND
    world.wall += 31
    assert await clock.now(Market.SPOT) == world.exchange
    assert world.asked == 2


async def test_it_is_never_ahead_of_the_exchange_however_late_the_answer():
    world = World(speed=30)
    world.latency = 0.9
    clock = world.clock()
    for _ in range(20):
        assert await clock.now(Market.SPOT) <= world.exchange
        world.wall += 0.3


async def test_it_never_runs_backwards():
    world = World()
    clock = world.clock()
    first = await clock.now(Market.SPOT)
    world.ahead = -10 * SECOND
    world.wall += 31
    later = await clock.now(Market.SPOT)
    assert later >= first
    world.ahead = -60 * SECOND
    world.wall += 31
    assert await clock.now(Market.SPOT) == later
    world.wall += 31
    assert await clock.now(Market.SPOT) > later, "it goes on once the exchange has caught up"


async def test_a_failed_sync_keeps_the_old_setting_and_is_not_repeated_at_once():
    world = World()
    clock = world.clock()
    await clock.now(Market.SPOT)
    world.away = True
    world.wall += 31
    assert await clock.now(Market.SPOT) == world.exchange
    assert await clock.now(Market.SPOT) == world.exchange
    assert world.asked == 2
    world.away = False
    world.wall += 3
    await clock.now(Market.SPOT)
    assert world.asked == 3


async def test_before_the_first_answer_there_is_no_time():
    world = World()
    world.away = True
    clock = world.clock()
    with pytest.raises(Unavailable):
        await clock.now(Market.SPOT)
    world.away = False
    assert await clock.now(Market.SPOT) == NOON


async def test_many_askers_share_one_question():
    world = World()
    clock = world.clock()
    assert set(await asyncio.gather(*(clock.now(Market.SPOT) for _ in range(50)))) == {NOON}
    assert world.asked == 1


async def test_markets_have_their_own_clocks():
    world = World()
    clock = world.clock()
    await clock.now(Market.SPOT)
    world.ahead = 5 * SECOND
    assert await clock.now(Market.FUTURES) == NOON + 5 * SECOND
    assert await clock.now(Market.SPOT) == NOON


async def test_one_wrong_answer_is_asked_for_again():
    start = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    wall = [0.0]
    wrong = [timedelta(0)]

    async def ask(_: Market) -> datetime:
        return start + timedelta(seconds=wall[0]) + wrong.pop(0)

    clock = ExchangeClock(ask, monotonic=lambda: wall[0])
    assert await clock.now(Market.SPOT) == start
    wall[0] = 100.0
    wrong[:] = [timedelta(minutes=5), timedelta(0)]
    assert await clock.now(Market.SPOT) == start + timedelta(seconds=100)
    wall[0] = 200.0
    wrong[:] = [timedelta(minutes=5), timedelta(minutes=5)]
    assert await clock.now(Market.SPOT) == start + timedelta(seconds=500)
