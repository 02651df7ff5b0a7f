"""Opening asks for free balance in the statement that takes it: no crowd can reserve more than there is."""

import asyncio
from decimal import Decimal

from services.db.pool import create
from services.db.settlement import NotEnoughBalance
from tests.evaluation.desk import Desk


async def test_fifty_openings_at_once_share_what_there_is(desk: Desk, database_url: str):
    """Each needs 100 USDT of margin and a fee of 0.05; 1,000 USDT carry nine of them."""
    poor = await desk.account("poor", 1_000)
    pool = create(database_url, 12, name="crowd")
    await pool.open()
    single, desk.pool = desk.pool, pool
    opened = await asyncio.gather(*(desk.add(account_id=poor) for _ in range(50)), return_exceptions=True)
    desk.pool = single
    await pool.close()
    assert sum(isinstance(each, NotEnoughBalance) for each in opened) == 41
    assert {type(each).__name__ for each in opened} == {"NotEnoughBalance", "Trade"}
    async with desk.pool.connection() as connection:
        cursor = await connection.execute(
            """SELECT balance, reserved, (SELECT count(*) FROM trades WHERE account_id = a.id), event_seq,
                   (SELECT count(*) FROM live_triggers WHERE account_id = a.id) FROM accounts a WHERE id = %s""",
            [poor],
        )
        balance, reserved, *counts = await cursor.fetchone() or ()
    assert (balance, reserved, counts) == (Decimal("999.55"), Decimal(900), [9, 9, 9])
    assert await desk.violations() == []
