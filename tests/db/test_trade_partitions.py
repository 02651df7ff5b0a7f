"""Trades of several partitions are one table to whoever opens, closes, lists, audits or backs them up."""

import asyncio

import psycopg
import pytest

from services.db import backup, reconcile, retention, trade_list, trade_partitions, trades
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


async def test_what_there_was_becomes_the_first_partition_as_it_is(empty_url):
    upgrade(empty_url, BEFORE)
    async with create(empty_url, 2, name="test") as pool:
        desk = await Desk(pool).set_up()
        for target in ("104", "120"):
            await desk.add(stop="90", target=target)
        assert (await judge_paths(pool, [path(desk.instrument(), 0, 2, BARS)])).closed == 1
        before = contents(empty_url)
        upgrade(empty_url)
        assert contents(empty_url) == before
        async with pool.connection() as connection:
            assert await reconcile.differences(connection) == {}
            assert (await partitions(connection)).keys() == {"trades_0"}
        assert (await desk.add()).id == 3, "identities go on"
        later = path(desk.instrument(), 2, 3, [bar(2, "96", "121", "96", "121")])
        assert (await judge_paths(pool, [later])).closed >= 1


async def test_a_database_of_many_trades_gets_a_first_partition_that_holds_them(empty_url):
    upgrade(empty_url, BEFORE)
    async with create(empty_url, 2, name="test") as pool:
        desk = await Desk(pool).set_up()
        async with pool.connection() as connection:
            await number_from(connection, 4 * IDS - 5)
        assert (await desk.add()).id == 4 * IDS - 5
        upgrade(empty_url)
        async with pool.connection() as connection:
            made = await partitions(connection)
            assert made.keys() == {"trades_0"}
            assert f"TO ('{5 * IDS}')" in made["trades_0"], "ten million ids ahead at least"
            await number_from(connection, 5 * IDS - 5)
            await retention.make_partitions(connection)
            assert (await partitions(connection)).keys() == {"trades_0", "trades_5"}
