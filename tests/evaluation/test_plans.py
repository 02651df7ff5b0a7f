"""Whole plans on Postgres: what is stored after each minute and read back is what the domain alone comes to."""

import itertools
from datetime import datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.db import revisions, settlement, trades
from services.domain.changes import created
from services.domain.path import Finer, Path
from services.domain.trade import Trade
from services.usecases.judge_paths import judge_paths
from tests.domain.plan_cases import PlanCase, plan_cases
from tests.domain.tapes import MINUTE, Case, carry
from tests.evaluation.desk import START, Desk
from tests.evaluation.test_schedules import with_database

_numbers = itertools.count()
_MINUTES = 4


async def stored_case(desk: Desk, case: PlanCase) -> Trade:
    """The case's trade on an instrument of its own."""
    symbol = f"PLAN{next(_numbers)}USDT"
    await desk.list_more(symbol)
    async with desk.pool.connection() as connection:
        await connection.execute("UPDATE instruments SET tick_size = 0.1 WHERE symbol = %s", [symbol])
        (id_,) = await trades.next_ids(connection, 1)
        listed = desk.instrument(symbol)
        grid = msgspec.structs.replace(listed, filters=case.trade.instrument.filters)
        trade = msgspec.structs.replace(case.trade, id=id_, account_id=desk.account_id, instrument=grid)
        await settlement.settle_and_commit(connection, [created(trade)], at=START)
    return trade


async def judge(desk: Desk, case: PlanCase, path: Path) -> None:
    finer: dict[datetime, Finer] = {}
    while True:
        judged = await judge_paths(desk.pool, [path], {path.instrument_id: finer})
        needs = [need for found in judged.needs.values() for need in found]
        if not needs:
            return
        finer |= {need.minute: case.tape.finer(need, spot=False) for need in needs}


def essence(trade: Trade) -> tuple:
    plan, stop = trade.plan, (trade.stop, trade.trail)
    return trade.status, trade.entry, trade.exits, trade.cancelled_for, plan, *stop, trade.reserved, trade.profit_loss


@with_database
@given(case=plan_cases(), repeated=st.booleans())
async def test_stored_and_read_back_each_minute_a_plan_ends_as_in_the_domain(
    desk: Desk, case: PlanCase, repeated: bool
):
    trade = await stored_case(desk, case)
    for minute in range(_MINUTES):
        told = case.tape.path(minute * MINUTE, (minute + 1) * MINUTE)
        path = msgspec.structs.replace(told, instrument_id=trade.instrument.id)
        for _ in range(1 + repeated):
            await judge(desk, case, path)
    walked = carry(
        Case(case.tape, trade, None, case.start),
        [case.tape.path(minute * MINUTE, (minute + 1) * MINUTE) for minute in range(_MINUTES)],
    )
    kept = await desk.trade(trade.id)
    assert essence(kept) == essence(walked)
    async with desk.pool.connection() as connection:
        told_of = await revisions.of_trade(connection, trade.id, 1000, None)
    assert len(told_of) == 0 or (told_of[-1].stop_loss, told_of[-1].stop_reason) == (kept.stop.price, kept.stop.reason)
    assert bool(told_of) == (kept.stop != trade.stop)


@with_database
@given(cases=st.lists(plan_cases(), min_size=2, max_size=4))
async def test_the_books_are_in_order_after_any_plans(desk: Desk, cases: list[PlanCase]):
    for case in cases:
        trade = await stored_case(desk, case)
        told = case.tape.path(0, _MINUTES * MINUTE)
        await judge(desk, case, msgspec.structs.replace(told, instrument_id=trade.instrument.id))
    assert await desk.violations() == []
