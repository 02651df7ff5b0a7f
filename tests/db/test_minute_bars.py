"""How far stored minutes reached, whole hours and all, is what a look at every bar finds."""

import random
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from services.db import minute_bars
from services.db.minute_bars import Reach, Stretch
from services.domain.path import MINUTE, Bar, Path
from tests.evaluation.desk import START, Desk

HOURS = 5


def made(chance: random.Random) -> list[Bar]:
    """Bars of five hours, some minutes without a trade, the last hour in progress."""
    bars = []
    for number in range(60 * HOURS - 20):
        if chance.random() < 0.9:
            prices = sorted(Decimal(chance.randrange(1, 10_000)) for _ in range(4))
            opened = START + number * MINUTE
            ended = opened + MINUTE - timedelta(milliseconds=1)
            bars.append(Bar(opened, ended, prices[1], prices[3], prices[0], prices[2]))
    return bars


def plainly(bars: list[Bar], stretch: Stretch) -> Reach:
    inside = [bar for bar in bars if stretch.begin <= bar.open_time < stretch.end]
    return Reach(min((bar.low for bar in inside), default=None), max((bar.high for bar in inside), default=None))


async def test_any_stretch_reaches_as_far_as_its_bars(desk: Desk):
    chance = random.Random(5)
    bars = {1: made(chance), 2: made(chance)}
    end = START + 60 * HOURS * MINUTE
    async with desk.pool.connection() as connection:
        for id_, known in bars.items():
            for part in (known[:7], known[3:150], known[100:], known):  # overlapping messages
                await minute_bars.store(connection, [Path(id_, START, end, tuple(part))])
        edges = [START + chance.randrange(-70, 60 * HOURS + 70) * MINUTE for _ in range(600)]
        edges += [START + hour * timedelta(hours=1) + chance.randrange(-1, 2) * MINUTE for hour in range(HOURS)] * 40
        chance.shuffle(edges)
        stretches = [Stretch(chance.choice((1, 2)), *pair) for pair in pairwise(edges)]  # some end before they begin
        found = await minute_bars.reaches(connection, stretches)
    assert found == [plainly(bars[each.instrument_id], each) for each in stretches]


async def test_what_is_not_all_kept_is_not_told(desk: Desk):
    async with desk.pool.connection() as connection:
        await minute_bars.store(connection, [Path(1, START, START + 9 * MINUTE, tuple(made(random.Random(1))[:9]))])
        await connection.execute("UPDATE system SET bars_from = %s", [START + 2 * MINUTE])
        found = await minute_bars.reaches(
            connection,
            [
                Stretch(1, START + MINUTE, START + 3 * MINUTE),
                Stretch(1, START + 2 * MINUTE, START + 3 * MINUTE),
                Stretch(1, START + MINUTE, START + MINUTE),  # nothing is needed of an empty one
            ],
        )
    assert [each is None for each in found] == [True, False, False]
