"""One message in several transactions: whatever happens between two of them, or inside one, the end is the same."""

import asyncio
import itertools
from datetime import datetime

import pytest
from psycopg import OperationalError

from services.db import settlement, watermarks
from services.db.settlement import StateMoved
from services.domain.changes import Change
from services.domain.command import Command, CommandKind, apply
from services.domain.path import MINUTE, Finer, Resolution, print_bar
from services.domain.trade import TradeStatus
from services.usecases.judge_paths import CHANGES_MAX, _Batch, judge_paths
from tests.evaluation.desk import START, D, Desk, bar, blocked, path
from tests.evaluation.tape import SECOND
from tests.servers import wait_until


@pytest.mark.parametrize("survived", [0, 1, 2])
async def test_a_worker_dies_between_two_transactions_of_a_message(desk: Desk, survived: int):
    """1,100 closings take three transactions; the message comes again."""
    ids = await desk.add_many(CHANGES_MAX * 2 + 100, "95", "110", [desk.account_id, await desk.account("second")])
    message = [path(desk.instrument(), 0, 2, [bar(0, "100", "101", "99", "99"), bar(1, "99", "99", "94", "94.5")])]
    batch = _Batch(message, {})
    async with desk.pool.connection() as connection:
        for _ in range(survived):
            await batch.transaction(connection)
        await terminate(desk, connection.info.backend_pid)
        with pytest.raises(OperationalError):
            await batch.transaction(connection)
    assert await closed(desk) == survived * CHANGES_MAX
    assert await judged_to(desk) == START
    assert await desk.violations() == []
    judged = await judge_paths(desk.pool, message)
    assert judged.closed == len(ids) - survived * CHANGES_MAX
    assert await closed(desk) == len(ids)
    assert await judged_to(desk) == START + 2 * MINUTE
    assert (await judge_paths(desk.pool, message)).closed == 0
    assert await desk.violations() == []


async def test_a_worker_dies_inside_a_transaction(desk: Desk):
    """It waits for the account's row when its connection goes: nothing of it stays."""
    await desk.add_many(3, "95", "110")
    message = [path(desk.instrument(), 0, 1, [bar(0, "100", "100", "94", "94")])]
    async with desk.pool.connection() as other:
        await other.execute("UPDATE accounts SET name = name")
        judging = asyncio.create_task(judge_paths(desk.pool, message))
        await terminate(desk, (await wait_until(lambda: blocked(desk)))[0])
        with pytest.raises(OperationalError):
            await judging
    assert await closed(desk) == 0
    assert (await judge_paths(desk.pool, message)).closed == 3
    assert await desk.violations() == []


async def test_a_trade_that_moved_meanwhile_is_decided_again(desk: Desk):
    """Somebody who takes no watermark lock edits a trade between its decision and its writing."""
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="110")
    async with desk.pool.connection() as other:
        await other.execute("UPDATE trades SET version = version + 1, stop_loss = 94 WHERE id = %s", [trade.id])
        judging = asyncio.create_task(judge_paths(desk.pool, [path(btc, 0, 1, [bar(0, "100", "100", "93", "96")])]))
        await wait_until(lambda: blocked(desk))
        await other.commit()
        assert (await judging).closed == 1
    after = await desk.trade(trade.id)
    assert after.exit is not None
    assert (after.exit.price, after.version) == (D("94"), 3)
    assert await desk.violations() == []


async def test_a_deadlock_is_decided_again(desk: Desk):
    """Somebody takes the locks in the wrong order: account first, watermark second."""
    btc = desk.instrument()
    trade = await desk.add(stop="95", target="110")
    async with desk.pool.connection() as other:
        await other.execute("SET LOCAL deadlock_timeout = '30s'")
        await other.execute("UPDATE accounts SET name = name")
        judging = asyncio.create_task(judge_paths(desk.pool, [path(btc, 0, 1, [bar(0, "100", "100", "93", "96")])]))
        await wait_until(lambda: blocked(desk))
        await watermarks.lock(other, [btc.id])
        await other.commit()
        assert (await judging).closed == 1
    assert (await desk.trade(trade.id)).status is TradeStatus.CLOSED_SL
    assert await desk.violations() == []


async def test_what_moves_every_time_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    await desk.add(stop="95", target="110")
    attempts = itertools.count(1)

    async def moves(*_: object, **__: object) -> set[str]:
        raise StateMoved(f"for the {next(attempts)}th time")

    monkeypatch.setattr(settlement, "settle_and_commit", moves)
    with pytest.raises(StateMoved, match="for the 5th time"):
        await judge_paths(desk.pool, [path(desk.instrument(), 0, 1, [bar(0, "100", "100", "93", "96")])])


async def closed(desk: Desk) -> int:
    async with desk.pool.connection() as connection:
        rows = await connection.execute("SELECT count(*) FROM trades WHERE exit_time IS NOT NULL")
        return (await rows.fetchone() or (0,))[0]


async def judged_to(desk: Desk) -> datetime:
    async with desk.pool.connection() as connection:
        return (await watermarks.lock(connection, [desk.instrument().id]))[desk.instrument().id].judged_to


async def terminate(desk: Desk, pid: int) -> None:
    async with desk.pool.connection() as connection:
        await connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


async def test_a_held_trade_waits_through_a_shorter_message(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """Its held minute lies ahead of the watermark, for the worker died before the watermark moved."""
    monkeypatch.setattr("services.usecases.judge_paths.CHANGES_MAX", 1)
    btc = desk.instrument()
    held = await desk.add(limit="98", stop="95", target="103", quote=("100", "100.5"))
    for _ in range(2):
        await desk.add(stop="80", target="107")
    bars = [bar(0, "100", "100", "99", "99"), bar(1, "99", "104", "99", "99"), bar(2, "99", "99", "97", "97")]
    bars += [bar(3, "97", "103.5", "94", "100"), bar(4, "100", "108", "100", "108")]
    async with desk.pool.connection() as connection:
        await _Batch([path(btc, 0, 5, bars)], {}).transaction(connection)
    waiting = await desk.trade(held.id)
    assert (waiting.status, waiting.held_from) == (TradeStatus.OPEN, bars[3].open_time)
    await judge_paths(desk.pool, [path(btc, 0, 1, bars[:1])])
    assert (await desk.trade(held.id)).held_from == bars[3].open_time
    minute = bars[3].open_time
    told = [print_bar(minute + n * SECOND, D(p)) for n, p in enumerate(["97", "94", "103.5", "100"])]
    finer = Finer(Resolution.PRINTS, tuple(told))
    await judge_paths(desk.pool, [path(btc, 0, 5, bars)], {btc.id: {minute: finer}})
    closed = await desk.trade(held.id)
    assert closed.status is TradeStatus.CLOSED_SL
    assert closed.exit is not None
    assert closed.exit.time == minute + SECOND
    assert await desk.violations() == []


async def test_an_edit_between_two_transactions_is_judged_on_the_rest_of_the_path(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """The first transaction has walked the trade already, the watermark has not moved yet."""
    monkeypatch.setattr("services.usecases.judge_paths.CHANGES_MAX", 1)
    btc = desk.instrument()
    edited = await desk.add(stop="95", target="110", at=START + MINUTE)
    for _ in range(2):
        await desk.add(stop="80", target="105")
    bars = [bar(0, "100", "105", "94", "99"), bar(1, "99", "99", "99", "99"), bar(2, "99", "99", "97", "97")]
    batch = _Batch([path(btc, 0, 3, bars)], {})
    async with desk.pool.connection() as connection:
        await batch.transaction(connection)
        assert not batch.done
    before = await desk.trade(edited.id)
    after = apply(before, Command(kind=CommandKind.EDIT, at=START + 90 * SECOND, stop_loss=D("98")))
    async with desk.pool.connection() as connection:
        await watermarks.lock(connection, [btc.id])
        change = Change(before=before, after=after, steps=(after,))
        await settlement.settle_and_commit(connection, [change], at=START)
    async with desk.pool.connection() as connection:
        while not batch.done:
            await batch.transaction(connection)
    assert (await desk.trade(edited.id)).status is TradeStatus.CLOSED_SL
    assert await desk.violations() == []


async def test_an_entry_of_a_message_that_comes_again_is_not_judged_on_what_was_before_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """The first transaction entered the trade, then the worker died: the watermark is still where it was."""
    monkeypatch.setattr("services.usecases.judge_paths.CHANGES_MAX", 1)
    entered = await desk.add(limit="98", stop="95", target="103", quote=("100", "100.5"))
    for _ in range(2):
        await desk.add(stop="80", target="107")
    bars = [bar(0, "100", "108", "100", "100"), bar(1, "100", "100", "97", "97")]
    message = [path(desk.instrument(), 0, 2, bars)]
    async with desk.pool.connection() as connection:
        await _Batch(message, {}).transaction(connection)
    for _ in range(2):
        assert (await desk.trade(entered.id)).status is TradeStatus.OPEN
        await judge_paths(desk.pool, message)
    assert await closed(desk) == 2
    assert await desk.violations() == []


@pytest.mark.timeout(60)
async def test_a_batch_larger_than_any_socket_buffer_is_written(desk: Desk):
    """Megabytes of events in one transaction: nobody waits for the other's next word."""
    ids = await desk.add_many(CHANGES_MAX, "95", "110")
    async with desk.pool.connection() as connection:
        await connection.execute("UPDATE trades SET notes = repeat('x', 4000)")
    bars = [bar(0, "100", "111", "99", "110")]
    judged = await asyncio.gather(*(judge_paths(desk.pool, [path(desk.instrument(), 0, 1, bars)]) for _ in range(3)))
    assert sum(each.closed for each in judged) == len(ids)
    assert await desk.violations() == []
