"""An account taken to another system has the same figures there; what is not whole changes nothing."""

import asyncio
import json
from decimal import Decimal

import psycopg
import pytest

from services.bootstrap import build
from services.db import reconcile, settlement
from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.metrics.scope import GroupBy, Scope
from services.domain.plan import Direction
from services.domain.trade import Reason
from services.usecases.export_account import export_account
from services.usecases.import_account import import_account
from services.usecases.performance import performance
from services.usecases.void_trade import void_trade
from tests.api.running import NOWHERE, settings_of_test
from tests.evaluation.desk import START, Desk
from tests.metrics.deals import Deal, closings

SIGNALS = """
INSERT INTO sources (user_id, name) SELECT id, 'tv' FROM users WHERE name = 'local';
INSERT INTO signals (source_id, idempotency_key, content_hash, instrument_id, direction, stop_loss, targets, rules,
    status, signal_time, expires_at)
SELECT s.id, 'k' || n, decode(repeat('ab', 32), 'hex'), i.id, 'LONG', 95, '[]', '{}', 'EXECUTED', now(), now()
FROM sources s, instruments i, generate_series(1, 2) AS n WHERE i.market = 'FUTURES' AND i.symbol = 'BTCUSDT';
UPDATE trades SET signal_id = (SELECT min(id) FROM signals) WHERE id = 1;
INSERT INTO signal_decisions (signal_id, account_id, outcome, trade_id)
SELECT min(id), 1, 'accepted', 1 FROM signals;
INSERT INTO signal_decisions (signal_id, account_id, outcome, code, reason)
SELECT max(id), 1, 'rejected', 'too_late', 'it came too late' FROM signals;
"""

NEW_SOURCE = """
INSERT INTO sources (user_id, name) SELECT id, 'new' FROM users WHERE name = 'local';
INSERT INTO signals (source_id, content_hash, instrument_id, direction, stop_loss, targets, rules, status, signal_time,
    expires_at)
SELECT s.id, decode(repeat('cd', 32), 'hex'), i.id, 'LONG', 95, '[]', '{}', 'EXECUTED', now(), now()
FROM sources s, instruments i WHERE s.name IN ('tv', 'new') AND i.symbol = 'NEWUSDT' AND i.market = 'FUTURES';
INSERT INTO signal_decisions (signal_id, account_id, outcome, code, reason)
SELECT id, 1, 'rejected', 'too_late', 'it came too late' FROM signals
WHERE content_hash = decode(repeat('cd', 32), 'hex')
"""


@pytest.fixture
async def services(database_url, redis_url):
    async with build(settings_of_test(database_url, redis_url, NOWHERE), name="test") as built:
        yield built


@pytest.fixture
async def elsewhere(servers, redis_url):
    with servers.database() as url:
        async with build(settings_of_test(url, redis_url, NOWHERE), name="test") as built:
            yield built


@pytest.fixture
async def lines(services):
    """An account with ten closed trades, one of them struck out, a live one, signals and decisions."""
    desk = await Desk(services.pool).set_up()
    deals = [Deal(0, n % 3, Direction.LONG, f"s{n % 2}", Reason.MANUAL, 700 * n, 61, 96 + n) for n in range(10)]
    for change in await closings(desk, deals, [desk.account_id]):
        async with services.pool.connection() as connection:
            await settlement.settle_and_commit(connection, [change], at=START)
    await void_trade(services, 3, "a wrong price", "anna")
    await desk.add()
    async with services.pool.connection() as connection:
        for statement in SIGNALS.split(";"):
            await connection.execute(statement)
    return [line async for line in export_account(services, desk.account_id)]


async def figures(services, account_id: int) -> dict[str, object]:
    found = {}
    for group_by in (GroupBy.SYMBOL, GroupBy.DAY, GroupBy.SOURCE):
        found[group_by] = await performance(services, Scope(account_ids=(account_id,)), group_by)
    return found


async def test_the_same_figures_in_a_fresh_database(services, elsewhere, lines):
    made = await import_account(elsewhere, lines, "local", "brought")
    assert (made.trades, made.signals, made.live_trades_left_out) == (10, 2, 1)
    there, here = await figures(elsewhere, made.account_id), await figures(services, 1)
    assert there == here
    assert here[GroupBy.DAY].total_trades == 9
    async with elsewhere.pool.connection() as connection:
        assert await reconcile.differences(connection) == {}
    again = [line async for line in export_account(elsewhere, made.account_id)]
    assert [_comparable(line) for line in again[1:-1]] == [_comparable(line) for line in lines[1:-1]]


def _comparable(line: bytes) -> dict[str, object]:
    """A line without what belongs to one system: ids."""
    row = json.loads(line)
    ids = {"id", "account_id", "instrument_id", "source_id", "signal_id"}
    row = {key: value for key, value in row.items() if key not in ids}
    if "decision" in row:
        row["decision"] = {key: value for key, value in row["decision"].items() if key != "trade_id"}
    return row


async def exported(services, account_id: int) -> list[bytes]:
    return [line async for line in export_account(services, account_id)]


async def rows(services, query: str) -> list[tuple]:
    async with services.system_pool.connection() as connection:
        return await (await connection.execute(query)).fetchall()


async def run(services, *statements: str) -> None:
    async with services.system_pool.connection() as connection:
        for statement in statements:
            await connection.execute(statement)


async def test_its_limits_come_along(services, elsewhere, lines):
    limits = "SELECT max_open_trades, max_symbol_exposure, max_leverage FROM accounts ORDER BY id DESC LIMIT 1"
    await run(services, "UPDATE accounts SET max_open_trades = 7, max_symbol_exposure = 0.5, max_leverage = 3")
    await import_account(elsewhere, await exported(services, 1), "local", "brought")
    assert await rows(elsewhere, limits) == [(7, Decimal("0.5"), 3)]


async def test_a_signal_that_two_accounts_decided_on_is_one_there_with_both_decisions(services, elsewhere, lines):
    await run(
        services,
        "UPDATE signals SET idempotency_key = NULL",
        "INSERT INTO accounts (user_id, name) SELECT user_id, 'second' FROM accounts",
        """INSERT INTO signal_decisions (signal_id, account_id, outcome, code, reason)
           SELECT g.id, a.id, 'rejected', 'too_late', 'it came too late' FROM signals g, accounts a
           WHERE a.name = 'second'""",
    )
    ((second,),) = await rows(services, "SELECT id FROM accounts WHERE name = 'second'")
    assert (await import_account(elsewhere, await exported(services, 1), "local", "brought")).signals == 2
    assert (await import_account(elsewhere, await exported(services, second), "local", "too")).signals == 0
    counts = "SELECT count(*) FROM signal_decisions GROUP BY signal_id"
    assert await rows(elsewhere, counts) == [(2,), (2,)]


async def test_sources_of_one_name_and_different_owners_stay_apart(services, elsewhere, lines):
    await run(
        services,
        "INSERT INTO users (name) VALUES ('ben')",
        "INSERT INTO sources (user_id, name, is_public) SELECT id, 'tv', true FROM users WHERE name = 'ben'",
        """INSERT INTO signals (source_id, idempotency_key, content_hash, instrument_id, direction, stop_loss, targets,
               rules, status, signal_time, expires_at)
           SELECT (SELECT max(id) FROM sources), idempotency_key, content_hash, instrument_id, direction, stop_loss,
               targets, rules, status, signal_time, expires_at FROM signals""",
        """INSERT INTO signal_decisions (signal_id, account_id, outcome, code, reason)
           SELECT id, 1, 'rejected', 'too_late', 'it came too late' FROM signals
           WHERE source_id = (SELECT max(id) FROM sources)""",
    )
    ((foreign,),) = await rows(services, "SELECT max(id) FROM sources")
    assert (await import_account(elsewhere, await exported(services, 1), "local", "brought")).signals == 4
    named = "SELECT s.name, count(*) FROM signals g JOIN sources s ON s.id = g.source_id GROUP BY 1 ORDER BY 1"
    assert await rows(elsewhere, named) == [("tv", 2), (f"tv ({foreign})", 2)]


async def test_a_trade_that_ends_while_the_account_is_written_counts_as_left_out(services, lines):
    desk = await Desk(services.pool).set_up()
    pending, behind_it = await desk.add(limit="90"), await desk.add(limit="90")
    await cancelled(services, behind_it.id)
    last = {}
    async for line in export_account(services, 1):
        last = json.loads(line)
        if last["line"] == "trade" and last["id"] == behind_it.id:
            await cancelled(services, pending.id)
    assert last["live_trades_left_out"] == 2


async def test_what_begins_while_the_account_is_written_is_left_out_and_the_rest_can_be_brought(
    services, elsewhere, lines
):
    desk = await Desk(services.pool).set_up(("BTCUSDT", "ETHUSDT", "NEWUSDT"))
    told = []
    async for line in export_account(services, 1):
        if json.loads(line)["line"] == "trade" and not any(b'"line":"trade"' in each for each in told):
            new = await desk.add(desk.instrument("NEWUSDT"), limit="90")
            await cancelled(services, new.id)
            await run(services, *NEW_SOURCE.split(";"))
        told.append(line)
    made = await import_account(elsewhere, told, "local", "brought")
    assert (made.trades, made.signals, made.live_trades_left_out) == (10, 2, 2)


async def cancelled(services, trade_id: int) -> None:
    await run(
        services,
        f"DELETE FROM live_triggers WHERE trade_id = {trade_id}",
        f"UPDATE trades SET status = 'CANCELLED', exit_reason = 'cancelled', reserved = 0 WHERE id = {trade_id}",
    )


async def test_once_and_only_where_there_is_room(elsewhere, lines):
    with pytest.raises(NotFound):
        await import_account(elsewhere, lines, "nobody", "brought")
    with pytest.raises(Conflict):
        await import_account(elsewhere, lines, "local", "main")
    await import_account(elsewhere, lines, "local", "brought")
    with pytest.raises(Conflict) as refused:
        await import_account(elsewhere, lines, "local", "again")
    assert refused.value.code == "imported_already"


async def test_an_account_without_trades_comes_once_too_however_many_bring_it_at_once(services, elsewhere):
    await Desk(services.pool).set_up()
    lines = await exported(services, 1)
    tries = [import_account(elsewhere, lines, "local", f"brought {n}") for n in range(4)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert [each.code for each in answers if isinstance(each, Conflict)] == ["imported_already"] * 3
    assert await rows(elsewhere, "SELECT count(*) FROM accounts WHERE name LIKE 'brought%'") == [(1,)]


@pytest.mark.parametrize("spoil", ["cut", "gap", "garbage", "column", "another", "empty"])
async def test_what_is_not_whole_changes_nothing(elsewhere, lines, spoil):
    spoilt = {
        "cut": lines[:-1],
        "gap": [*lines[:6], *lines[7:]],
        "garbage": [*lines[:6], b"{", *lines[6:]],
        "column": [line.replace(b'"instrument_id"', b'"instrumentid"') for line in lines],
        "another": [lines[0].replace(b'"format":1', b'"format":2'), *lines[1:]],
        "empty": [],
    }[spoil]
    with pytest.raises(InvalidInput):
        await import_account(elsewhere, spoilt, "local", "brought")
    with psycopg.connect(elsewhere.settings.database_url) as connection:
        counts = "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM trades), (SELECT count(*) FROM signals)"
        assert connection.execute(counts).fetchone() == (1, 0, 0)
