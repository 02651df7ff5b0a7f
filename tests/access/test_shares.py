"""One caller's requests hold some of a process's database connections, never all: others are served meanwhile."""

import asyncio

import pytest

from services.db.pool import LEFT_TO_OTHERS
from services.domain.market import Market
from tests.api.running import order
from tests.servers import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="package")

AT_ONCE = 12


async def test_repetitions_that_wait_for_the_first_leave_connections_to_others(services, login_settings, someone):
    busy, other = await someone(), await someone()
    body = order("SPOT", "BTCUSDT", (await services.prices.one(Market.SPOT, "BTCUSDT")).last, position_size="10")
    share = login_settings.pool_size - LEFT_TO_OTHERS

    async def waiting() -> int:
        async with services.pool.connection() as connection:
            cursor = await connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            ((count,),) = await cursor.fetchall()
        return count

    async def has_begun() -> bool:
        return await waiting() >= share

    async def post() -> int:
        answer = await busy.http.post("/api/paper-trades/", json=body, headers={"Idempotency-Key": "one key for all"})
        return answer.status_code

    async with services.pool.connection() as held:
        await held.execute("SELECT FROM accounts WHERE id = %s FOR UPDATE", [busy.account_id])
        posts = [asyncio.create_task(post()) for _ in range(AT_ONCE)]
        await wait_until(has_begun)
        served = await asyncio.gather(*(other.http.get("/api/paper-trades/") for _ in range(share)))
        assert [answer.status_code for answer in served] == [200] * share
        assert await waiting() <= share
        await held.rollback()
    statuses = await asyncio.gather(*posts)
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201, 503}  # a statement that waits for long is given up
    assert len((await busy.http.get("/api/paper-trades/")).json()["results"]) == 1
