"""A few hundred seeds in memory, a few on PostgreSQL; `python -m tests.simulation` does as many as asked."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import pytest

from services.domain.market import Quote
from services.domain.opening import Order, enter_at_quote
from services.domain.path import Path
from services.domain.trade import Trade
from services.domain.walk import Walked
from services.usecases import judge_paths
from tests.evaluation.desk import Desk, open_pool
from tests.simulation.memory import MemoryPlayer
from tests.simulation.script import schedule_of, story_of
from tests.simulation.seeds import in_memory, on_postgres

IN_MEMORY, ON_POSTGRES = 300, 8


async def test_every_seed_in_memory_ends_as_its_prints_say():
    assert [wrong for seed in range(IN_MEMORY) for wrong in await in_memory(seed)] == []


async def test_every_seed_on_postgres_ends_as_its_prints_say(database_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.usecases.judge_paths.CHANGES_MAX", 1)
    pool = await open_pool(database_url)
    try:
        desk = await Desk(pool).set_up()
        assert [wrong for seed in range(ON_POSTGRES) for wrong in await on_postgres(desk, seed)] == []
        assert await desk.violations() == []
    finally:
        await pool.close()


def test_a_seed_is_one_run():
    def told(seed: int) -> list[tuple]:
        player = MemoryPlayer(story_of(seed), seed)
        asyncio.run(player.play(schedule_of(seed)))
        return [(row.stored, row.amounts, row.told) for row in player.rows.values()]

    assert told(17) == told(17) != told(18)


async def test_a_fault_is_seen(monkeypatch: pytest.MonkeyPatch):
    """The negative control: where what was judged is judged again, some seed says so."""
    walk = judge_paths.walk

    def forgetful(trade: Trade, path: Path, *, since: datetime, **known: Any) -> Walked:
        trade = msgspec.structs.replace(trade, active_from=min(trade.active_from, path.start))
        return walk(trade, path, since=path.start, **known)

    monkeypatch.setattr(judge_paths, "walk", forgetful)
    assert [wrong for seed in range(20) for wrong in await broken(seed)]


async def test_an_entry_at_another_price_than_the_quotes_is_seen(monkeypatch: pytest.MonkeyPatch):
    """The negative control of entries: filled at the last price, as if there were no spread."""

    def generous(order: Order, quote: Quote) -> Trade:
        return enter_at_quote(order, msgspec.structs.replace(quote, bid=quote.last, ask=quote.bid))

    monkeypatch.setattr("tests.simulation.memory.enter_at_quote", generous)
    assert [wrong for seed in range(20) for wrong in await broken(seed) if "entry is" in wrong]


async def broken(seed: int) -> list[str]:
    try:
        return await in_memory(seed)
    except AssertionError as error:
        return [str(error)]
