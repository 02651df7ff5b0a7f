"""Row-level security: a query that forgets its WHERE shows nothing of others, and writes nothing there."""

import contextlib
import re
from datetime import date
from typing import Any, NamedTuple

import httpx
import msgspec
import psycopg
import pytest
import pytest_asyncio

from api.hub import Hub
from api.subscription import Holder, Subscription
from services.bootstrap import build
from services.db import courses, trades
from services.db.acting import Acting, acting_as
from services.db.pool import Connection
from services.db.trade_list import TradeFilter
from services.domain.errors import NotFound
from services.domain.market import Market
from services.domain.metrics.scope import Scope
from services.domain.signal import SignalStatus
from services.usecases.list_trades import list_trades
from services.usecases.once import once
from services.usecases.read_trade import read_trade
from services.usecases.receive_alert import receive_alert
from services.usecases.trade_signals import trade_signals
from tests.api.running import order

pytestmark = pytest.mark.asyncio(loop_scope="package")

FOR_EVERYBODY = {
    *("instruments", "first_traded", "watermarks", "minute_bars", "hour_ranges", "candles", "leverage_brackets"),
    *("funding_clocks", "funding_settlements", "finer_gaps", "halts", "scans", "disabled_strategies"),
    *("system", "streams", "jobs", "cycles", "cycle_batches", "alembic_version"),
    "live_triggers",  # whether a pair has live trades at all is asked for everybody's
}
"""The market, and how the fleet is."""

_OUTLET = "(SELECT id FROM outlets WHERE user_id = %(user)s)"
MORE_ROWS = [
    "INSERT INTO outlets (user_id, kind, secret_url) VALUES (%(user)s, 'notification', 'https://example.com/a')",
    f"INSERT INTO consumers (outlet_id, stream, seq) VALUES ({_OUTLET}, 'a' || %(account)s, 1)",
    f"""INSERT INTO deliveries (outlet_id, message_id, stream, seq, type, body)
        VALUES ({_OUTLET}, 'a', 'a' || %(account)s, 1, 'paper_trade', 'a body')""",
    f"""INSERT INTO account_modes (account_id, outlet_id, live_until, changed_by)
        VALUES (%(account)s, {_OUTLET}, now(), %(user)s)""",
    f"""INSERT INTO mode_tokens (account_id, user_id, outlet_id, token_hash, expires_at)
        VALUES (%(account)s, %(user)s, {_OUTLET}, 'a', now())""",
    "INSERT INTO mode_changes (account_id, mode, reason, user_id) VALUES (%(account)s, 'paper', 'a reason', %(user)s)",
    "INSERT INTO trade_commands (trade_id, kind, at) VALUES (%(trade)s, 'cancel', now()) ON CONFLICT DO NOTHING",
    "INSERT INTO voids (trade_id, status, profit_loss, reason, by_whom) VALUES (%(trade)s, 'CLOSED', 0, 'a', 'b')",
    """INSERT INTO courses (scope, account_ids, day, trades, course)
       VALUES ('of ' || %(account)s, ARRAY[%(account)s], '2026-01-01', 1, '[]')""",
    """INSERT INTO equity_samples (account_id, span, time, sampled_at, equity, low, high, balance, deposits, positions)
       VALUES (%(account)s, 'day', '2026-01-01', now(), 1, 1, 1, 1, 1, 0)""",
]
"""Of the tables that an afternoon at the API leaves empty."""


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


@pytest_asyncio.fixture(loop_scope="package")
async def full(services, someone):
    """Somebody with a row of every kind; `secret` is their webhook's."""
    ada = await someone()
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    key = {"Idempotency-Key": "a key of hers"}
    made = (await ada.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", price), headers=key)).json()
    url = f"/api/paper-trades/{made['id']}/"
    await ada.key("read")
    for method, path, body in (
        ("PATCH", url, {"stop_loss": str(price / 3)}),
        ("POST", f"{url}close_trade/", {}),
        ("POST", f"/api/accounts/{ada.account_id}/links/", {"name": "a link"}),
    ):
        answer = await ada.http.request(method, path, json=body)
        assert answer.is_success, answer.text
    source = (await ada.http.post("/api/sources/", json={"name": "hers"})).json()
    webhook = (await ada.http.post(f"/api/sources/{source['id']}/rotate_secret/")).json()
    ada.secret = webhook["secret"]
    async with httpx.AsyncClient(base_url=ada.http.base_url) as nobody:
        alert = await nobody.post(webhook["path"], content=b"symbol=BTCUSDT.P side=buy sl=10% tp=20%")
        assert alert.status_code == 202, alert.text
    await trade_signals(services)
    names = {"user": ada.session["user_id"], "account": ada.account_id, "trade": made["id"]}
    async with services.pool.connection() as connection:
        for statement in MORE_ROWS:
            await connection.execute(statement, names)
    return ada


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


async def test_a_name_holds_for_one_transaction(bound, two):
    (anna, mine), _ = two
    with acting_as(as_user(anna)):
        async with bound.pool.connection() as connection:
            assert await trades.load(connection, [mine])
            await connection.commit()
            assert await trades.load(connection, [mine]) == []


async def test_a_name_holds_for_one_reading_whatever_becomes_of_it(bound, two):
    """The pool has one connection as long as nobody else wants one, so the next reading is by the same."""
    (anna, mine), (_, theirs) = two
    with acting_as(as_user(anna)):
        assert (await trades.load_one(bound.pool, mine)).trade.id == mine
        assert await trades.load_one(bound.pool, theirs) is None
        with pytest.raises(psycopg.errors.DivisionByZero):
            await bound.pool.first("SELECT 1 / %s::int", 0)
    assert await trades.load_one(bound.pool, mine) is None


async def test_a_table_that_is_not_for_everybody_shows_a_stranger_nothing(services, bound, full, someone):
    cleo = await someone()
    async with services.pool.connection() as connection:
        tables = await _ids(
            connection,
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
               AND NOT relispartition""",
        )
        public = await _ids(connection, "SELECT id FROM sources WHERE is_public")
        public_account = await _ids(connection, "SELECT id FROM accounts WHERE is_public")
        filled = {table for table in tables if await _rows(connection, table, limit=1)}
    assert tables >= FOR_EVERYBODY
    hers = Hers(cleo.session["user_id"], {cleo.account_id} | public_account, public)
    leaks: dict[str, list[Any]] = {}
    nobodys = Hers(0, public_account, public)
    for table in tables - FOR_EVERYBODY:
        for acting, allowed in ((as_user(cleo), hers), (Acting(None, "test"), nobodys)):
            with acting_as(acting):
                async with bound.pool.connection() as connection:
                    with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # closed altogether
                        shown = await _rows(connection, table)
                        leaks.setdefault(table, []).extend(row for row in shown if not allowed.has(table, row))
                    await connection.rollback()
    assert not {table: rows for table, rows in leaks.items() if rows}
    unproven = leaks.keys() - filled
    assert not unproven, "fill them: an empty table proves nothing"


async def test_a_partition_is_no_way_around(services, bound):
    async with services.pool.connection() as connection:
        partitions = await _ids(
            connection,
            """SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'
               AND pg_partition_root(oid)::regclass::text IN ('events', 'trades')""",
        )
    assert {"events_other", "trades_0"} < set(partitions)
    for partition in partitions:
        async with bound.pool.connection() as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f"SELECT FROM {partition}")
            await connection.rollback()


async def test_nothing_is_written_into_others_sources_follows_and_answers(services, bound, full, someone):
    cleo, ada = await someone(), full
    async with services.pool.connection() as connection:
        (private,) = await _ids(
            connection, f"SELECT id FROM sources WHERE user_id = {ada.session['user_id']} AND NOT is_public"
        )
    public = (await ada.http.post("/api/sources/", json={"name": "for all", "is_public": True})).json()["id"]
    with acting_as(as_user(cleo)):
        async with bound.pool.connection() as connection:
            for change in (
                f"UPDATE sources SET auto_trade = false WHERE id = {private}",
                "UPDATE signals SET status = 'CANCELLED' WHERE status = 'ACTIVE'",
                "UPDATE signal_payloads SET payload = ''",
                "DELETE FROM follows",
                "UPDATE idempotency SET body = ''",
            ):
                assert (await connection.execute(change)).rowcount == 0, change
        for statement in (
            f"UPDATE sources SET auto_trade = false WHERE id = {public}",
            "DELETE FROM sources",
            f"INSERT INTO follows (source_id, account_id) VALUES ({public}, {ada.account_id})",
            f"""INSERT INTO signals (source_id, content_hash, status, code, reason, signal_time, expires_at)
                VALUES ({public}, sha256('x'), 'REJECTED', 'x', 'x', now(), now())""",
            f"""INSERT INTO events (stream, seq, created_at, type, action, payload)
                VALUES ('s{public}', 1, now(), 'signal', 'created', '{{}}')""",
            f"""INSERT INTO idempotency (scope, key, request_hash, user_id)
                VALUES ('x', 'x', 'x', {ada.session["user_id"]})""",
        ):
            async with bound.pool.connection() as connection:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    await connection.execute(statement)
                await connection.rollback()


async def test_a_key_of_somebody_elses_is_a_key_like_any_other(services, bound):
    """On the public account several may send the same one."""
    answers = []
    for user_id in (1, 2, None, 1):
        with acting_as(Acting(user_id, "test")):
            async with bound.pool.connection() as connection:

                async def work(user_id=user_id) -> bytes:
                    return f"of {user_id}".encode()

                answers.append((await once(connection, "test:1", "a key", {}, work)).body)
    assert answers == [b"of 1", b"of 2", b"of None", b"of 1"]


async def test_a_stream_is_joined_to_what_postgresql_shows_its_reader(services, bound, full, someone):
    """The hub itself is asked, in the place of routes that ask for the caller's own only."""
    cleo, ada = await someone(), full
    async with services.pool.connection() as connection:
        (private,) = await _ids(
            connection, f"SELECT id FROM sources WHERE user_id = {ada.session['user_id']} AND NOT is_public"
        )
    theirs = (f"a{ada.account_id}", f"s{private}")
    async with Hub(bound).running() as hub:
        client = await hub.connect(_stream(ada.session["user_id"], *theirs))
        assert client.cursors.keys() == {*theirs, "market"}
        for user_id in (cleo.session["user_id"], 0):
            for stream in theirs:
                with pytest.raises(NotFound, match=f"there is no stream {stream}"):
                    await hub.connect(_stream(user_id, stream))


def _stream(user_id: int, *streams: str) -> Subscription:
    """These streams and the market's for a user, or for nobody."""
    holder = Holder(name="a holder", via="a test", user_id=user_id, account_ids=(), source_ids=(), chose_sources=False)
    return Subscription(streams=(*streams, "market"), holder=holder)


async def test_a_process_of_the_last_version_goes_on_receiving_alerts(bound, full):
    """It does so in nobody's name."""
    with acting_as(Acting(None, "anonymous")):
        stored = await receive_alert(
            bound, int(full.secret.partition("-")[0]), b"symbol=ETHUSDT.P side=buy sl=10% tp=20%"
        )
    assert stored.signal.status is SignalStatus.ACTIVE


class Hers(NamedTuple):
    """What somebody may see."""

    user_id: int
    accounts: set[int]
    sources: set[int]

    def has(self, table: str, row: dict[str, Any]) -> bool:
        """Whether the row is theirs, or for everybody."""
        streams = {"market", *(f"a{id_}" for id_ in self.accounts), *(f"s{id_}" for id_ in self.sources)}
        themselves = {"users": {self.user_id}, "accounts": self.accounts, "sources": self.sources}
        return (
            row.get("user_id") == self.user_id
            or row.get("account_id") in self.accounts
            or row.get("source_id") in self.sources
            or row.get("stream") in streams
            or row.get("id") in themselves.get(table, ())
        )


async def _rows(connection: Connection, table: str, limit: int = 10_000) -> list[dict[str, Any]]:
    shown = await connection.execute(f"SELECT to_jsonb(t) FROM {table} t LIMIT {limit}")
    return [row[0] for row in await shown.fetchall()]


async def _ids(connection: Connection, query: str) -> set[Any]:
    return {row[0] for row in await (await connection.execute(query)).fetchall()}


class Explained(psycopg.AsyncConnection):
    """Tells the plan of what it is to execute, as the API's role would have it."""

    async def execute(self, query, params=None, **options):
        await super().execute("SET LOCAL ROLE paperfleet_api")
        await super().execute("SET LOCAL enable_seqscan = off")
        return await super().execute(f"EXPLAIN {query}", params, **options)


async def test_the_trades_of_some_days_are_found_by_index_under_it_too(login_settings):
    async with await Explained.connect(login_settings.database_url) as connection:
        plan = "\n".join(row[0] for row in await courses.rows(connection, Scope(account_ids=(1,)), [date(2026, 7, 1)]))
    assert re.search(r"Index Cond: .*exit_time >= .*exit_time < ", plan), plan
