"""Housekeeping merges results, and reads histories before anybody asks for them."""

import itertools
from datetime import timedelta

import psycopg
import pytest

from services.db import courses, courses_due, results, settlement
from services.domain.market import Market
from services.domain.metrics.scope import Scope
from services.domain.plan import Direction
from services.domain.trade import Reason
from services.usecases.keep_courses import keep_due
from services.usecases.maintain import maintain
from services.usecases.performance import performance
from tests.evaluation.desk import START
from tests.metrics.deals import Deal, closings


async def test_what_closed_is_merged_and_its_days_are_kept(desk, services):
    deals = [Deal(0, 1, Direction.LONG, "tv", Reason.MANUAL, 24 * 60 * day, 5, 103) for day in range(3)]
    await settled(desk, services, deals * 2)
    await maintain(services)
    async with services.pool.connection() as connection:
        cursor = await connection.execute("SELECT trades FROM results WHERE merged ORDER BY instrument_id, day")
        assert await cursor.fetchall() == [(2,)] * 6  # three days, by instrument and by hour
        assert await kept(connection, Scope(account_ids=(desk.account_id,))) == [2] * 3


async def kept(connection, scope):
    cursor = await connection.execute("SELECT trades FROM courses WHERE scope = %s ORDER BY day", [scope.name])
    return [trades for (trades,) in await cursor.fetchall()]


async def settled(desk, services, deals):
    for change in await closings(desk, deals, [desk.account_id]):
        async with services.pool.connection() as connection:
            await settlement.settle_and_commit(connection, [change], at=START)


async def every_course(services):
    async with services.pool.connection() as connection:
        cursor = await connection.execute("SELECT scope, day, made_at FROM courses")
        return set(await cursor.fetchall())


async def test_no_filter_by_market_direction_or_source_reads_a_trade_after_it(desk, services):
    days = [24 * 60 * day for day in range(3)]
    await settled(
        desk,
        services,
        [
            Deal(0, place, direction, source, Reason.MANUAL, minute, 5, 103)
            for minute in days
            for place, direction in ((0, Direction.LONG), (1, Direction.LONG), (2, Direction.SHORT))
            for source in ("tv", "scanner")
        ],
    )
    await maintain(services)
    before = await every_course(services)
    asked = 0
    for market, direction, source in itertools.product(
        (None, *Market), (None, *Direction), (None, "tv", "scanner", "nobody")
    ):
        scope = Scope(account_ids=(desk.account_id,), market=market, direction=direction, source=source)
        asked += (await performance(services, scope)).total_trades
    assert asked == 4 * 2 * 18, "each trade in the scopes of its market, direction and source, and in those without"
    assert await every_course(services) == before, "what is read from trades would be kept"
    await settled(desk, services, [Deal(0, 1, Direction.LONG, "tv", Reason.MANUAL, days[1], 5, 103)])
    await maintain(services)
    new = await every_course(services) - before
    assert {(day - START.date()).days for _, day, _ in new} == {1}, "only the day that has grown is read again"
    assert len(new) == 8


async def test_what_time_was_too_short_for_is_done_by_the_next_run(desk, services):
    await settled(desk, services, [Deal(0, 1, Direction.LONG, "tv", Reason.MANUAL, 0, 5, 103)])
    async with services.pool.connection() as connection:
        assert await results.merge(connection) == {desk.account_id}
    await keep_due(services, seconds=0)
    assert await every_course(services) == set()
    await maintain(services)  # nothing is left to merge
    assert len(await every_course(services)) == 8
    async with services.pool.connection() as connection:
        assert await courses_due.oldest(connection, 9) == []


async def test_a_question_that_was_cut_off_goes_on_where_it_was(desk, services, monkeypatch):
    monkeypatch.setattr(courses, "TRADES_AT_ONCE", 2)
    deals = [Deal(0, 1, Direction.LONG, "tv", Reason.MANUAL, 24 * 60 * day, 5, 103) for day in range(6)]
    await settled(desk, services, deals * 2)
    scope = Scope(account_ids=(desk.account_id,), source="tv")
    async with services.pool.connection() as connection:
        await connection.execute(_NO_KEEPING, [START.date() + timedelta(days=4)])
        await connection.execute(_NO_KEEPING_TRIGGER)
    with pytest.raises(psycopg.errors.RaiseException):
        await performance(services, scope)
    before = await every_course(services)
    assert {(day - START.date()).days for _, day, _ in before} == {0, 1, 2, 3}
    async with services.pool.connection() as connection:
        await connection.execute("DROP TRIGGER cut ON courses")
    assert (await performance(services, scope)).longest_winning_streak == 12
    after = await every_course(services)
    assert before < after, "kept days are not read again"
    assert len(after) == 6


_NO_KEEPING = """SELECT set_config('test.day', %s::date::text, true)"""
_NO_KEEPING_TRIGGER = """
DO $do$ BEGIN EXECUTE format(
    'CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
         IF NEW.day >= %L::date THEN RAISE EXCEPTION ''cut off''; END IF; RETURN NEW;
     END $f$', current_setting('test.day'));
END $do$;
CREATE TRIGGER cut BEFORE INSERT ON courses FOR EACH ROW EXECUTE FUNCTION cut();
"""
