"""Workers that overlap, people who trade meanwhile: no deadlock escapes, nothing closes twice or is lost."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from services.db import clock, settlement, trades, watermarks
from services.db.pool import create
from services.domain.changes import Change
from services.domain.command import Command, CommandKind, applies, apply
from services.domain.market import Instrument, Market
from services.domain.path import MINUTE, Path
from services.domain.plan import Direction
from services.domain.trade import TradeStatus
from services.usecases.judge_paths import judge_paths
from tests.evaluation.desk import START, D, Desk, bar, path

PLACES = [(market, symbol) for market in Market for symbol in ("BTCUSDT", "ETHUSDT")]
SWINGS = ["100", "103", "97", "104", "96", "105", "95", "106"]
WORKERS = 6


@pytest.fixture
async def crowded(desk: Desk, database_url: str):
    """The desk with a connection for everybody."""
    pool = create(database_url, 14, name="crowd")
    await pool.open()
    single, desk.pool = desk.pool, pool
    yield desk
    desk.pool = single
    await pool.close()


def swing(instrument: Instrument, start: int, end: int) -> Path:
    """Minutes that run straight from one price of SWINGS to the next: their bars leave nothing open."""
    bars = []
    for number in range(start, end):
        first, last = SWINGS[number], SWINGS[number + 1]
        bars.append(bar(number, first, max(first, last, key=D), min(first, last, key=D), last))
    return path(instrument, start, end, bars)


async def worker(desk: Desk, seed: int) -> None:
    """Judges overlapping batches in an order of its own; each batch from the beginning to some minute."""
    random = Random(seed)
    for end in [*sorted(random.sample(range(1, len(SWINGS)), 4)), len(SWINGS) - 1]:
        chosen = random.sample(PLACES, random.randint(2, len(PLACES)))
        await judge_paths(desk.pool, [swing(desk.instrument(symbol, market), 0, end) for market, symbol in chosen])
        await asyncio.sleep(random.random() / 50)
    await judge_paths(desk.pool, [swing(desk.instrument(*place[::-1]), 0, len(SWINGS) - 1) for place in PLACES])


async def people(desk: Desk, seed: int, accounts: Sequence[int], made: list[int]) -> None:
    """Open trades and command some of them, the way a use case does: under the watermark's lock."""
    random = Random(seed)
    for _ in range(12):
        market, symbol = random.choice(PLACES)
        instrument = desk.instrument(symbol, market)
        limit = random.choice([None, "98"])
        opened = await desk.add(
            instrument,
            stop=random.choice(["94", "96"]),
            target=random.choice(["104", "106"]),
            limit=limit,
            quote=("100", "100"),
            at=START + 8 * MINUTE if random.random() < 0.3 else START,
            account_id=random.choice(accounts),
        )
        made.append(opened.id)
        if random.random() < 0.5:
            await command(desk, random.choice(made), random.choice([CommandKind.CLOSE, CommandKind.CANCEL]))


async def command(desk: Desk, trade_id: int, kind: CommandKind) -> None:
    before = await desk.trade(trade_id)
    async with desk.pool.connection() as connection:
        await watermarks.lock(connection, [before.instrument.id])
        trade = (await trades.load(connection, [trade_id]))[0].trade
        asked = Command(kind=kind, at=START + 9 * MINUTE, bid=D("100"), ask=D("100"))
        if applies(trade, asked):
            after = apply(trade, asked)
            at = await clock.transaction_time(connection)
            await settlement.settle_and_commit(connection, [Change(before=trade, after=after, steps=(after,))], at=at)


def straight(places: Sequence[tuple[Market, str]]) -> Iterator[tuple[Market, str, Direction, str, str, TradeStatus]]:
    """Trades opened before the first minute, and where these minutes lead them."""
    for market, symbol in places:
        yield market, symbol, Direction.LONG, "97", "104", TradeStatus.CLOSED_SL
        yield market, symbol, Direction.LONG, "96", "104", TradeStatus.CLOSED_TP
        yield market, symbol, Direction.LONG, "95", "107", TradeStatus.CLOSED_SL
        yield market, symbol, Direction.LONG, "90", "110", TradeStatus.OPEN
        if market is Market.FUTURES:
            yield market, symbol, Direction.SHORT, "104", "97", TradeStatus.CLOSED_TP
            yield market, symbol, Direction.SHORT, "103", "97", TradeStatus.CLOSED_SL


@pytest.mark.parametrize("seed", range(3))
async def test_overlapping_workers_and_people(crowded: Desk, seed: int):
    accounts = [crowded.account_id, await crowded.account("second"), await crowded.account("third")]
    expected, owners = {}, itertools.cycle(accounts)
    for market, symbol, direction, stop, target, status in list(straight(PLACES)) * 3:
        instrument = crowded.instrument(symbol, market)
        trade = await crowded.add(instrument, direction, stop=stop, target=target, account_id=next(owners))
        expected[trade.id] = status
    made: list[int] = []
    await asyncio.gather(
        *(worker(crowded, seed * 100 + number) for number in range(WORKERS)),
        *(people(crowded, seed * 100 + 50 + number, accounts, made) for number in range(4)),
    )
    async with crowded.pool.connection() as connection:
        found = {stored.trade.id: stored.trade.status for stored in await trades.load(connection, expected)}
        marks = await watermarks.lock(connection, [crowded.instrument(*place[::-1]).id for place in PLACES])
    assert found == expected
    assert {mark.judged_to for mark in marks.values()} == {START + (len(SWINGS) - 1) * MINUTE}
    assert len(made) == 48
    assert await crowded.violations() == []
