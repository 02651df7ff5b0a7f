"""Trades of several partitions are one table to whoever opens, closes, lists, audits or backs them up."""

import asyncio

import psycopg
import pytest

from services.db import backup, instruments, reconcile, retention, trade_list, trade_partitions, trades
from services.db.acting import Acting, acting_as, tell
from services.db.migrate import upgrade
from services.db.pool import Connection, create
from services.db.trade_list import TradeFilter
from services.db.trade_partitions import AHEAD, IDS
from services.usecases.judge_paths import judge_paths
from tests.db.contents import contents
from tests.evaluation.desk import Desk, bar, path

BEFORE = "0037"
"""The revision before there were partitions of trades."""
BARS = [bar(0, "100", "105", "99", "104"), bar(1, "104", "104", "94.5", "96")]


async def told(connection: Connection, query: str) -> list[tuple[object, ...]]:
    return await (await connection.execute(query.encode())).fetchall()


async def partitions(connection: Connection) -> dict[str, str]:
    rows = await told(
        connection,
        """SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) || c.reloptions::text FROM pg_inherits h
           JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'trades'::regclass""",
    )
    return {str(name): str(rest) for name, rest in rows}


async def number_from(connection: Connection, id_: int) -> None:
    """The next trade gets this id."""
    await connection.execute("SELECT setval('trades_id_seq', %s, false)", [id_])
    await connection.commit()


@pytest.fixture
async def across(desk: Desk) -> list[int]:
    """Three trades, of which the last two have another partition than the first."""
    async with desk.pool.connection() as connection:
        await number_from(connection, IDS - 1)
        await retention.make_partitions(connection)
    return [(await desk.add(stop="95", target=target)).id for target in ("120", "104", "130")]


async def test_the_next_partition_is_made_while_ids_lie_ahead(desk: Desk):
    async with desk.pool.connection() as connection:
        first = await partitions(connection)
        assert first.keys() == {"trades_0"}
        await number_from(connection, IDS - AHEAD)
        await retention.make_partitions(connection)
        assert await partitions(connection) == first
        await number_from(connection, IDS - AHEAD + 1)

    async def make() -> None:
        async with desk.pool.connection() as connection:
            await retention.make_partitions(connection)

    await asyncio.gather(*(make() for _ in range(3)))
    async with desk.pool.connection() as connection:
        made = await partitions(connection)
        assert made.keys() == {"trades_0", "trades_1"}
        assert made["trades_1"] == first["trades_0"].replace(f"'{IDS}'", f"'{2 * IDS}'").replace("MINVALUE", f"'{IDS}'")
        await number_from(connection, IDS)
    assert (await desk.add()).id == IDS
    async with desk.pool.connection() as connection:
        assert await told(connection, "SELECT id, tableoid::regclass::text FROM trades") == [(IDS, "trades_1")]


async def test_who_reads_for_long_holds_nobody_up(desk: Desk):
    async with desk.pool.connection() as reader, desk.pool.connection() as connection:
        await number_from(connection, IDS - 1)
        await reader.execute("SELECT FROM trades")
        await retention.make_partitions(connection)
        assert "trades_1" not in await partitions(connection)
        await reader.rollback()
        await retention.make_partitions(connection)
        assert "trades_1" in await partitions(connection)


async def test_trades_of_two_partitions_close_and_are_listed_together(desk: Desk, across: list[int]):
    assert across == [IDS - 1, IDS, IDS + 1]
    assert (await judge_paths(desk.pool, [path(desk.instrument(), 0, 2, BARS)])).closed == 3
    async with desk.pool.connection() as connection:
        assert await reconcile.differences(connection) == {}
        rows = await told(connection, "SELECT id, tableoid::regclass::text, status FROM trades ORDER BY id")
        assert rows == [
            (IDS - 1, "trades_0", "CLOSED_SL"),
            (IDS, "trades_1", "CLOSED_TP"),
            (IDS + 1, "trades_1", "CLOSED_SL"),
        ]
        wanted = TradeFilter(account_ids=(desk.account_id,))
        page = await trade_list.page(connection, wanted, 2, None)
        rest = await trade_list.page(connection, wanted, 2, page.next)
        assert [*page.ids, *rest.ids] == across[::-1]
        assert [each.trade.id for each in await trades.load(connection, across)] == across


async def test_nobody_closes_or_names_a_trade_that_there_is_not(desk: Desk, across: list[int]):
    async with desk.pool.connection() as connection:
        for id_ in (across[0], across[1]):
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                await connection.execute("DELETE FROM trades WHERE id = %s", [id_])
            await connection.rollback()
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await connection.execute(
                "INSERT INTO voids (trade_id, status, profit_loss, reason, by_whom) VALUES (7, 'OPEN', 0, 'r', 'a')"
            )
        await connection.rollback()


async def test_the_audit_log_tells_of_trades_not_of_their_partitions(desk: Desk, across: list[int]):
    async with desk.pool.connection() as connection:
        with acting_as(Acting(None, "test")):
            await tell(connection)
            await connection.execute("UPDATE trades SET notes = 'seen'")
        rows = await told(connection, "SELECT subject, subject_id FROM audit_log ORDER BY subject_id")
    assert rows == [("trades", str(id_)) for id_ in across]


async def test_a_backup_holds_every_partition(desk: Desk, across: list[int], database_url, empty_url, tmp_path):
    async with desk.pool.connection() as connection:
        made = await partitions(connection)
    await backup.back_up(database_url, tmp_path / "all.zip")
    await backup.restore(empty_url, tmp_path / "all.zip")
    assert contents(empty_url) == contents(database_url)
    async with create(empty_url, 2, name="test") as pool:
        async with pool.connection() as connection:
            assert await partitions(connection) == made
        again = Desk(pool)
        again.account_id, again.instruments = desk.account_id, desk.instruments
        assert (await again.add()).id == across[-1] + 1


async def test_the_planner_knows_how_many_trades_there_are_in_all(desk: Desk):
    rows = "SELECT reltuples::int FROM pg_class WHERE relname IN ('trades', 'trades_0') ORDER BY relname"
    await desk.add_many(50, "90", "120")
    async with desk.pool.connection() as connection:
        await connection.execute("ANALYZE trades_0")
        await connection.commit()
        assert await told(connection, rows) == [(-1,), (50,)], "as autovacuum leaves it"
        await trade_partitions.take_stock(connection)
        assert await told(connection, rows) == [(50,), (50,)]


FILLED = """
INSERT INTO users (name, role) VALUES ('local', 'admin');
INSERT INTO accounts (user_id, name, balance, reserved) VALUES (1, 'main', 1005, 100);
INSERT INTO instruments (market, symbol, base_asset, status, tick_size, step_size, min_quantity, min_notional)
    VALUES ('FUTURES', 'BTCUSDT', 'BTC', 'TRADING', 0.01, 0.001, 0.001, 5);
INSERT INTO watermarks (instrument_id, judged_to) VALUES (1, '2026-07-01 12:00+00');
INSERT INTO trades (id, account_id, instrument_id, direction, entry_type, stop_loss, initial_stop, targets,
        position_size, leverage, quantity, maker_rate, taker_rate, fill_model, half_spread, average_range, status,
        reserved, entry_time, entry_price, entry_role, entry_fee, entry_evidence, exit_time, exit_price, exit_reason,
        fees, funding, profit_loss, margin, created_at, updated_at)
    SELECT id, 1, 1, 'LONG', 'MARKET', 90, 90, '[{"price": "120", "fraction": "1"}]',
        100, 1, 1, 0, 0, 'optimistic', 0, 0, status,
        reserved, at, 100, 'taker', 0, '{"decided_by": "quote"}', exit_time, profit + 100, reason,
        profit * 0, profit * 0, profit, 100, at, at
    FROM CAST('2026-07-01 12:00+00' AS timestamptz) at, LATERAL (
        VALUES (:id - 1, 'CLOSED_MANUAL', 0, at, 'manual', 5), (:id, 'OPEN', 100, NULL, NULL, NULL)
    ) t(id, status, reserved, exit_time, reason, profit);
INSERT INTO trade_exits (trade_id, part, reason, time, price, quantity, role, fee, gross, cap, evidence)
    VALUES (:id - 1, 1, 'manual', '2026-07-01 12:00+00', 105, 1, 'taker', 0, 5, 0, '{"decided_by": "quote"}');
INSERT INTO live_triggers (trade_id, account_id, instrument_id, lower, upper, active_from)
    VALUES (:id, 1, 1, 90, 120, '2026-07-01 12:00+00');
INSERT INTO ledger (account_id, trade_id, kind, amount)
    VALUES (1, NULL, 'deposit', 1000), (1, :id - 1, 'gross_profit', 5);
SELECT setval(pg_get_serial_sequence('trades', 'id'), :id);
"""
"""A closed trade and an open one on a schema of before; the ids of both."""


def fill(url: str, last_id: int) -> None:
    """A database of before the partitions, with two trades, the open one of this id."""
    upgrade(url, BEFORE)
    with psycopg.connect(url) as connection:
        connection.execute(FILLED.replace(":id", str(last_id)).encode())


def dump(url: str) -> dict[str, list[tuple[object, ...]]]:
    """The rows of trades and of what names them."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1".encode()).fetchall()
            for table in ("trades", "trade_exits", "live_triggers")
        }


@pytest.mark.parametrize(("last_id", "first_ends"), [(2, IDS), (4 * IDS - 5, 5 * IDS)])
async def test_what_there_was_becomes_the_first_partition_as_it_is(empty_url, last_id, first_ends):
    """It ends at a multiple of what a partition holds, with half of that ahead at least."""
    fill(empty_url, last_id)
    before = dump(empty_url)
    upgrade(empty_url)
    assert dump(empty_url) == before
    async with create(empty_url, 2, name="test") as pool:
        async with pool.connection() as connection:
            found = await reconcile.differences(connection)
            assert found.keys() <= {"closed_trades_have_results"}, "the sums of before were not filled in"
            made = await partitions(connection)
            assert made.keys() == {"trades_0"}
            assert f"TO ('{first_ends}')" in made["trades_0"]
            instrument = (await instruments.listed(connection))[0]
        desk = Desk(pool)
        desk.account_id, desk.instruments = 1, {(instrument.market, instrument.symbol): instrument}
        assert (await desk.add(target="130")).id == last_id + 1, "identities go on"
        judged = await judge_paths(pool, [path(instrument, 0, 1, [bar(0, "100", "121", "99", "120")])])
        assert judged.closed == 1, "what was open before is judged on"
        async with pool.connection() as connection:
            await number_from(connection, first_ends - 5)
            await retention.make_partitions(connection)
            assert (await partitions(connection)).keys() == {"trades_0", f"trades_{first_ends // IDS}"}
