"""Reconciliation: silent over books in order, and it finds each difference that somebody plants."""

import pytest

from services.db import market_events, reconcile, sources
from services.domain.source import SourceSettings
from services.usecases.judge_paths import judge_paths
from tests.evaluation.desk import Desk, bar, path


async def differences(desk: Desk) -> dict[str, list[str]]:
    async with desk.pool.connection() as connection:
        return await reconcile.differences(connection)


@pytest.fixture
async def worked(desk: Desk) -> Desk:
    """A desk with a pending, an open, a stopped and a won trade, on two accounts, a source, and news of the market."""
    second = await desk.account("second")
    for account_id in (desk.account_id, second):
        await desk.add(stop="95", target="110", account_id=account_id)
        await desk.add(stop="90", target="104", account_id=account_id)
        await desk.add(stop="80", target="120", account_id=account_id)
        await desk.add(stop="80", target="120", limit="85", account_id=account_id)
    bars = [bar(0, "100", "105", "99", "104"), bar(1, "104", "104", "94.5", "96")]
    assert (await judge_paths(desk.pool, [path(desk.instrument(), 0, 2, bars)])).closed == 4
    async with desk.pool.connection() as connection:
        source = await sources.create(connection, 1, "signals", SourceSettings())
        assert source == 1
        await sources.tell(connection, [(source, "created", {}), (source, "expired", {})])
        await market_events.append(connection, [("system", "halted", {}), ("system", "resumed", {})])
    return desk


async def test_books_in_order_have_no_differences(worked: Desk):
    assert await differences(worked) == {}
    assert await worked.violations() == []


@pytest.mark.parametrize(
    ("planted", "check"),
    [
        ("UPDATE accounts SET balance = balance + 0.00000001 WHERE id = 1", "balance_is_ledger"),
        ("DELETE FROM ledger WHERE kind = 'exit_fee' AND trade_id = 1", "balance_is_ledger"),
        ("UPDATE ledger SET amount = amount + 1 WHERE kind = 'deposit' AND account_id = 2", "balance_is_ledger"),
        ("DELETE FROM ledger WHERE account_id = 2", "balance_is_ledger"),
        ("UPDATE accounts SET reserved = reserved + 1 WHERE id = 2", "reserved_is_live_trades"),
        ("UPDATE trades SET reserved = reserved + 1 WHERE status = 'PENDING' AND id = 4", "reserved_is_live_trades"),
        ("DELETE FROM events WHERE stream = 'a1' AND seq = 3", "events_are_dense"),
        ("DELETE FROM events WHERE stream = 'a1' AND seq = (SELECT max(seq) FROM events)", "counter_is_last_event"),
        ("UPDATE accounts SET event_seq = event_seq + 1 WHERE id = 2", "counter_is_last_event"),
        ("DELETE FROM events WHERE stream = 's1' AND seq = 2", "counter_is_last_event"),
        ("UPDATE sources SET event_seq = event_seq + 1", "counter_is_last_event"),
        ("DELETE FROM events WHERE stream = 'market' AND seq = 2", "counter_is_last_event"),
        ("UPDATE streams SET event_seq = event_seq - 1", "counter_is_last_event"),
        ("UPDATE live_triggers SET trade_id = 1 WHERE trade_id = 3", "triggers_are_live_trades"),
        ("DELETE FROM live_triggers WHERE trade_id = 3", "reserved_is_live_trades"),
        ("DELETE FROM live_triggers WHERE trade_id = 3", "live_trades_have_triggers"),
    ],
)
async def test_a_planted_difference_is_found(worked: Desk, planted: str, check: str):
    async with worked.pool.connection() as connection:
        assert (await connection.execute(planted.encode())).rowcount > 0
    assert check in await differences(worked)


async def test_old_events_may_be_gone(worked: Desk):
    """Retention drops a stream's beginning, or all of it: no difference."""
    async with worked.pool.connection() as connection:
        await connection.execute("DELETE FROM events WHERE seq < 4 OR stream IN ('a2', 's1', 'market')")
    assert await differences(worked) == {}
