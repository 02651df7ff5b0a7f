"""An operator's word on pairs and on the streams, by the commands as they are typed."""

import asyncio
import subprocess
from decimal import Decimal

import msgspec
import pytest

from services.usecases.open_demo_trades import open_demo_trades
from tests.api.running import exchange, market, settings_of_test
from tests.fleet.fleet import COMMAND, violations


@pytest.fixture
async def desk(database_url, redis_url):
    """Services of a market with trades, and a way to give a command: its exit status and what it says."""
    with exchange() as urls:
        settings = msgspec.structs.replace(
            settings_of_test(database_url, redis_url, urls), quote_max_age_seconds=Decimal(3600)
        )
        async with market(settings) as services:
            assert await open_demo_trades(services) > 20

            async def say(*words: str) -> tuple[int, str]:
                told = await asyncio.to_thread(
                    subprocess.run,
                    [COMMAND, *words],
                    env=settings.to_environment(),
                    capture_output=True,
                    text=True,
                    timeout=120,
                    check=False,
                )
                return told.returncode, (told.stdout + told.stderr).strip()

            yield services, say
    assert violations(settings) == []


async def rows(services, query, *values):
    async with services.pool.connection() as connection:
        cursor = await connection.execute(query, values)
        return await cursor.fetchall() if cursor.description else []


async def with_trades(services):
    """Ids and symbols of spot pairs on which trades are open."""
    return await rows(
        services,
        """SELECT DISTINCT i.id, i.symbol FROM instruments i JOIN trades t ON t.instrument_id = i.id
           WHERE i.market = 'SPOT' AND t.exit_time IS NULL AND t.entry_time IS NOT NULL ORDER BY i.id""",
    )


async def test_a_pair_is_declared_ended_or_renamed_and_followers_begin_anew(desk):
    services, say = desk
    (ended, symbol), (renamed, old), *_ = await with_trades(services)
    status, told = await say("delist", "SPOT", symbol)
    assert (status, "is TRADING" in told) == (1, True), told
    assert (await say("delist", "SPOT", symbol, "--at", "2026-07-01T12:00:00"))[0] == 2
    assert (await say("delist", "SPOT", symbol, "--price", "nothing"))[0] == 2
    await rows(services, "UPDATE instruments SET status = 'SUSPENDED' WHERE id = ANY(%s)", [ended, renamed])

    status, told = await say("delist", "spot", symbol, "--price", "1.5")
    assert (status, told.startswith(f"SPOT {symbol} is delisted")) == (0, True), told
    if "have ended" not in told:
        assert told.endswith("once its last bars are walked")
    assert await rows(services, "SELECT settlement_price FROM instruments WHERE id = %s", ended) == [(Decimal("1.5"),)]

    assert await say("rename", "SPOT", old, "NEWUSDT") == (0, f"SPOT {old} is NEWUSDT from now on")
    assert await rows(services, "SELECT symbol FROM instruments WHERE id = %s", renamed) == [("NEWUSDT",)]
    assert (await say("rename", "SPOT", "NOSUCHUSDT", "OTHERUSDT"))[0] == 1

    before = await rows(services, "SELECT epoch FROM system")
    status, told = await say("new-epoch")
    assert (status, told.endswith("restart the API processes")) == (0, True), told
    assert await rows(services, "SELECT epoch FROM system") != before
