"""Row-level security: a query that forgets its WHERE shows nothing of others, and writes nothing there."""

import msgspec
import psycopg
import pytest
import pytest_asyncio

from services.bootstrap import build
from services.db import trades
from services.db.acting import Acting, acting_as
from services.db.trade_list import TradeFilter
from services.domain.errors import NotFound
from services.domain.market import Market
from services.usecases.list_trades import list_trades
from services.usecases.read_trade import read_trade
from tests.api.running import order

pytestmark = pytest.mark.asyncio(loop_scope="package")

UNGUARDED = {
    *("live_triggers", "follows", "signal_decisions", "sources"),
    *("audit_log", "voids", "imported_trades"),
}
"""Asked across users by the fleet's own rules; or, the second line, closed to the API's role altogether."""


@pytest_asyncio.fixture(loop_scope="package")
async def bound(login_settings):
    """Services as the API has them for its callers."""
    async with build(msgspec.structs.replace(login_settings), name="test bound", for_callers=True) as services:
        yield services


@pytest_asyncio.fixture(loop_scope="package")
async def two(services, someone):
    """Two users with a trade each; ids of the trades."""
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    people = [await someone(), await someone()]
    made = [
        (await each.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price))).json() for each in people
    ]
    return [(each, trade["id"]) for each, trade in zip(people, made, strict=True)]


def as_user(person) -> Acting:
    return Acting(person.session["user_id"], "test")


async def test_a_query_without_where_sees_ones_own_only(bound, two):
    (anna, mine), (ben, theirs) = two
    with acting_as(as_user(anna)):
        async with bound.pool.connection() as connection:
            seen = {row[0] for row in await (await connection.execute("SELECT id FROM trades")).fetchall()}
            assert (mine in seen, theirs in seen) == (True, False)
            for table, whose in {
                "accounts": "user_id",
                "sessions": "user_id",
                "api_keys": "user_id",
                "users": "id",
            }.items():
                query = f"SELECT {whose} FROM {table}" + (" WHERE NOT is_public" if table == "accounts" else "")
                owners = {row[0] for row in await (await connection.execute(query)).fetchall()}
                assert owners <= {anna.session["user_id"]}, table
            for table in ("trade_exits", "trade_revisions", "trade_commands"):
                ids = await (await connection.execute(f"SELECT trade_id FROM {table}")).fetchall()
                assert theirs not in {row[0] for row in ids}, table
            streams = await (await connection.execute("SELECT DISTINCT stream FROM events")).fetchall()
            assert f"a{ben.account_id}" not in {row[0] for row in streams}
            assert await trades.load(connection, [theirs]) == []


async def test_a_use_case_told_the_wrong_accounts_finds_nothing(bound, two):
    (anna, mine), (ben, theirs) = two
    everything = tuple(range(1, 1000))
    with acting_as(as_user(anna)):
        assert (await read_trade(bound, everything, mine)).id == mine
        with pytest.raises(NotFound):
            await read_trade(bound, everything, theirs)
        listed = await list_trades(bound, TradeFilter(account_ids=(ben.account_id,)), 10)
        assert listed.trades == []


async def test_nothing_of_others_is_written(bound, two):
    (anna, _), (ben, theirs) = two
    with acting_as(as_user(anna)):
        async with bound.pool.connection() as connection:
            for change in (
                f"UPDATE trades SET notes = 'mine now' WHERE id = {theirs}",
                f"UPDATE accounts SET balance = 0 WHERE id = {ben.account_id}",
                f"DELETE FROM sessions WHERE user_id = {ben.session['user_id']}",
            ):
                assert (await connection.execute(change)).rowcount == 0, change
        for statement in (
            f"INSERT INTO ledger (account_id, kind, amount) VALUES ({ben.account_id}, 'deposit', 1)",
            f"UPDATE ledger SET amount = 0 WHERE account_id = {anna.account_id}",
            "DELETE FROM audit_log",
            "SELECT * FROM invitations",
        ):
            async with bound.pool.connection() as connection:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    await connection.execute(statement)
                await connection.rollback()


async def test_who_acts_for_nobody_sees_nothing(bound, two):
    async with bound.pool.connection() as connection:
        for table in ("trades", "accounts", "ledger", "users", "sessions"):
            shown = await (await connection.execute(f"SELECT to_jsonb(t) FROM {table} t")).fetchall()
            assert all(row[0].get("is_public") or table == "ledger" for row in shown), table


async def test_a_name_holds_for_one_transaction(bound, two):
    (anna, mine), _ = two
    with acting_as(as_user(anna)):
        async with bound.pool.connection() as connection:
            assert await trades.load(connection, [mine])
            await connection.commit()
            assert await trades.load(connection, [mine]) == []


async def test_every_table_of_somebodys_is_guarded(services):
    async with services.pool.connection() as connection:
        cursor = await connection.execute(
            """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                 AND a.attname IN ('account_id', 'user_id', 'trade_id') AND NOT c.relrowsecurity"""
        )
        unguarded = {row[0] for row in await cursor.fetchall()}
    assert unguarded <= UNGUARDED, "give them a policy, or a reason here"
