"""Writers of the same accounts queue up: whatever the order of their trades, none waits for one that waits for it."""

import asyncio

from services.domain.market import Market
from services.usecases.judge_paths import judge_paths
from tests.evaluation.desk import Desk, bar, open_pool, path

ACCOUNTS, ROUNDS = 150, 4


async def test_two_writers_of_a_hundred_and_fifty_accounts_never_deadlock(database_url: str):
    pool = await open_pool(database_url)
    try:
        desk = await Desk(pool).set_up(("BTCUSDT", "ETHUSDT"))
        accounts = [await desk.account(f"account {number}") for number in range(ACCOUNTS)]
        bitcoin = desk.instrument()
        for round_ in range(ROUNDS):
            await desk.add_many(ACCOUNTS, "95", "110", accounts)
            ether = desk.instrument("ETHUSDT", Market.FUTURES)
            desk.instruments[Market.FUTURES, "BTCUSDT"] = ether
            await desk.add_many(ACCOUNTS, "95", "110", accounts[::-1])
            desk.instruments[Market.FUTURES, "BTCUSDT"] = bitcoin
            hit = [bar(round_, "100", "100", "90", "100")]
            judged = await asyncio.gather(
                *(judge_paths(pool, [path(each, round_, round_ + 1, hit)]) for each in (bitcoin, ether))
            )
            assert [each.closed for each in judged] == [ACCOUNTS] * 2
        async with pool.connection() as connection:
            query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            assert (await (await connection.execute(query)).fetchone())[0] == 0
        assert await desk.violations() == []
    finally:
        await pool.close()
