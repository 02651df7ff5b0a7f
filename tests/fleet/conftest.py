"""Fixtures of the fleet's tests: a made recording, orders on it, and what becomes of them undisturbed."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fleet import oracle, orders
from tests.fleet.fleet import violations
from tests.fleet.oracle import ByPrints, Order
from tests.fleet.stage import Place, Stage, stage_on
from tests.fleet.tape import MINUTES, PAIRS, START, Prints, make_recording
from tests.servers import Servers

SEED = 11
ORDERS_A_PAIR = 30
END = START + timedelta(minutes=MINUTES)


class World(NamedTuple):
    """A recording, its prints, the orders that are placed before its first minute, and what its prints make of them."""

    folder: Path
    tapes: dict[tuple[str, str], Prints]
    orders: list[Order]
    outcomes: list[ByPrints]


class Undisturbed(NamedTuple):
    """A run in which nothing went wrong: every trade, and how many of them finer data decided."""

    rows: list[orders.Row]
    by_finer_data: int


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("recording")
    tapes = make_recording(folder, SEED)
    chance = random.Random(SEED)
    placed = []
    for (market, symbol), prints in tapes.items():
        tick = Decimal(PAIRS[symbol][1])
        placed += orders.around(chance, market, symbol, prints[0][1], tick, ORDERS_A_PAIR)
    return World(folder, tapes, placed, [oracle.by_prints(each, tapes[each.market, each.symbol]) for each in placed])


@pytest.fixture(scope="session")
def undisturbed(servers: Servers, world: World, tmp_path_factory) -> Undisturbed:
    async def run(place: Place) -> Undisturbed:
        async with stage_on(place, world.folder, START, world.orders) as stage:
            await stage.run()
            await stage.judged(END)
            await stage.fleet.stop()
            assert violations(stage.settings) == []
            return Undisturbed(orders.rows(stage.settings), orders.decided_by_finer_data(stage.settings))

    with servers.database() as url:
        return asyncio.run(run(Place(url, servers.empty_valkey(), tmp_path_factory.mktemp("undisturbed"))))


@pytest.fixture
def place(database_url, redis_url, tmp_path) -> Place:
    return Place(database_url, redis_url, tmp_path)


@pytest.fixture
async def stage(place: Place, world: World) -> AsyncIterator[Stage]:
    async with stage_on(place, world.folder, START, world.orders, log_level="DEBUG") as running:
        yield running
