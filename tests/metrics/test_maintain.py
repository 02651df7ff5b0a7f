"""Housekeeping merges results, and reads histories before anybody asks for them."""

from services.db import settlement
from services.domain.plan import Direction
from services.domain.trade import Reason
from services.usecases.maintain import maintain
from tests.evaluation.desk import START
from tests.metrics.deals import Deal, closings


async def test_what_closed_is_merged_and_its_days_are_kept(desk, services):
    deals = [Deal(0, 1, Direction.LONG, "tv", Reason.MANUAL, 24 * 60 * day, 5, 103) for day in range(3)]
    for change in await closings(desk, deals * 2, [desk.account_id]):
        async with services.pool.connection() as connection:
            await settlement.settle_and_commit(connection, [change], at=START)
    await maintain(services)
    async with services.pool.connection() as connection:
        cursor = await connection.execute("SELECT trades FROM results WHERE merged ORDER BY instrument_id, day")
        assert await cursor.fetchall() == [(2,)] * 6  # three days, by instrument and by hour
        cursor = await connection.execute("SELECT trades FROM courses ORDER BY day")
        assert await cursor.fetchall() == [(2,)] * 3
