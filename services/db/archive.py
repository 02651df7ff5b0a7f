"""Rows of one account as plain objects, page by page, and back: what `export` writes and `import` reads.

Columns travel by name, so that a file of an older schema can be read: what it lacks gets the table's default. Every
value is text that PostgreSQL reads back exactly.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from services.db.pool import Connection

PAGE = 500

Row = dict[str, Any]


async def account(connection: Connection, account_id: int) -> Row | None:
    """The account's terms and balance, and `origin`, which names it for ever, wherever it is restored."""
    rows = await _rows(
        connection,
        """SELECT md5(a.id || ' ' || a.created_at AT TIME ZONE 'UTC') AS origin, a.name, a.balance, a.spot_maker,
               a.spot_taker, a.futures_maker, a.futures_taker, a.fill_model, a.max_open_trades, a.max_symbol_exposure,
               a.max_leverage, a.created_at
           FROM accounts a WHERE a.id = %s""",
        [account_id],
    )
    return rows[0] if rows else None


async def instruments(connection: Connection, account_id: int) -> list[Row]:
    """The instruments that the account's trades and signals name."""
    return await _rows(
        connection,
        """SELECT id, market, symbol, base_asset, tick_size, step_size, min_quantity, min_notional FROM instruments
           WHERE id IN (SELECT instrument_id FROM trades WHERE account_id = %(account)s
               UNION SELECT g.instrument_id FROM signal_decisions d JOIN signals g ON g.id = d.signal_id
               WHERE d.account_id = %(account)s) ORDER BY id""",
        {"account": account_id},
    )


async def sources(connection: Connection, account_id: int) -> list[Row]:
    """The sources of the signals that the account decided on. Secrets stay.

    Of names only one's own are unique, and where it is brought all will be its owner's: others' have their id behind.
    """
    return await _rows(
        connection,
        """SELECT s.id,
               CASE WHEN s.user_id = a.user_id THEN s.name ELSE left(s.name, 38) || ' (' || s.id || ')' END AS name,
               s.market, s.entry_type, s.position_size, s.leverage_max, s.stop_loss_percent, s.take_profit_percent,
               s.max_lag_seconds, s.dedup_seconds, s.created_at
           FROM sources s, accounts a
           WHERE a.id = %(account)s AND s.id IN (SELECT g.source_id FROM signal_decisions d
               JOIN signals g ON g.id = d.signal_id WHERE d.account_id = a.id) ORDER BY s.id""",
        {"account": account_id},
    )


def signals(
    connection: Connection, account_id: int, instrument_ids: Sequence[int], source_ids: Sequence[int]
) -> AsyncIterator[list[Row]]:
    """Pages of the signals of these that the account decided on, each with its `decision`."""
    return _pages(
        connection,
        """SELECT g.*, json_build_object('outcome', d.outcome, 'trade_id', d.trade_id, 'code', d.code,
               'reason', d.reason, 'numbers', d.numbers - 'trade_ids', 'decided_at', d.decided_at) AS decision
           FROM signal_decisions d JOIN signals g ON g.id = d.signal_id
           WHERE d.account_id = %(account)s AND g.source_id = ANY(%(sources)s::bigint[])
               AND (g.instrument_id IS NULL OR g.instrument_id = ANY(%(instruments)s::int[])) AND g.id > %(after)s
           ORDER BY g.id LIMIT %(limit)s""",
        {"account": account_id, "instruments": list(instrument_ids), "sources": list(source_ids)},
    )


def trades(connection: Connection, account_id: int, instrument_ids: Sequence[int]) -> AsyncIterator[list[Row]]:
    """Pages of its finished trades on these instruments, each with its exits, revisions, bookings and void."""
    return _pages(
        connection,
        """SELECT t.*, (SELECT json_agg(to_jsonb(e) - 'trade_id' ORDER BY e.part) FROM (
                   SELECT trade_id, part, reason, time, price::text, quantity::text, role, fee::text, gross::text,
                       cap::text, funding::text, evidence FROM trade_exits WHERE trade_id = t.id) e) AS exits,
               (SELECT json_agg(to_jsonb(r) - 'trade_id' ORDER BY r.version) FROM (
                   SELECT trade_id, version, at, stop_loss::text, stop_reason, targets FROM trade_revisions
                   WHERE trade_id = t.id) r) AS revisions,
               (SELECT json_agg(json_build_object('kind', l.kind, 'part', l.part, 'amount', l.amount::text,
                   'booked_at', l.booked_at) ORDER BY l.id) FROM ledger l WHERE l.trade_id = t.id) AS bookings,
               (SELECT json_build_object('status', v.status, 'profit_loss', v.profit_loss::text, 'reason', v.reason,
                   'by_whom', v.by_whom, 'at', v.at) FROM voids v WHERE v.trade_id = t.id) AS void
           FROM trades t WHERE t.account_id = %(account)s AND t.status NOT IN ('PENDING', 'OPEN')
               AND t.instrument_id = ANY(%(instruments)s::int[]) AND t.id > %(after)s
           ORDER BY t.id LIMIT %(limit)s""",
        {"account": account_id, "instruments": list(instrument_ids)},
    )


def capital(connection: Connection, account_id: int) -> AsyncIterator[list[Row]]:
    """Pages of the ledger's rows that no trade made: deposits and resets."""
    return _pages(
        connection,
        """SELECT id, kind, part, amount, booked_at, exchange_time FROM ledger
           WHERE account_id = %(account)s AND trade_id IS NULL AND id > %(after)s ORDER BY id LIMIT %(limit)s""",
        {"account": account_id},
    )


async def count_trades(connection: Connection, account_id: int) -> int:
    """How many trades it has, live and finished."""
    (row,) = await _rows(connection, "SELECT count(*) AS trades FROM trades WHERE account_id = %s", [account_id])
    return int(row["trades"])


async def insert(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows whose keys are columns of `table`; keys that it does not have are left out."""
    if not rows:
        return
    cursor = await connection.execute(
        """SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
               AND attgenerated = '' ORDER BY attnum""",
        [table],
    )
    columns = [name for (name,) in await cursor.fetchall() if name in rows[0]]
    names = SQL(", ").join(map(Identifier, columns))
    query = SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM json_populate_recordset(NULL::{}, %s)")
    await connection.execute(
        query.format(Identifier(table), names, names, Identifier(table)), [msgspec.json.encode(rows).decode()]
    )


async def set_columns(connection: Connection, table: str, id_: int, values: Mapping[str, Any]) -> None:
    """Give columns of one row other values; each travels as text that its type reads."""
    assignments = SQL(", ").join(
        SQL("{} = (json_populate_record(NULL::{}, %(values)s::json)).{}").format(
            Identifier(name), Identifier(table), Identifier(name)
        )
        for name in sorted(values)
    )
    await connection.execute(
        SQL("UPDATE {} SET {} WHERE id = %(id)s").format(Identifier(table), assignments),
        {"values": msgspec.json.encode(values).decode(), "id": id_},
    )


async def link_signals(connection: Connection, account_id: int) -> None:
    """Have the account's trades name the signals that they were made for."""
    await connection.execute(
        """UPDATE trades t SET signal_id = d.signal_id FROM signal_decisions d
           WHERE d.trade_id = t.id AND d.account_id = %s AND t.signal_id IS NULL""",
        [account_id],
    )


async def taken(connection: Connection, origin: str) -> int | None:
    """The account that this origin was brought into already; None if it was not."""
    rows = await _rows(
        connection,
        """SELECT id FROM accounts WHERE origin = %(origin)s
           UNION ALL SELECT account_id FROM imported_trades WHERE origin = %(origin)s LIMIT 1""",
        {"origin": origin},
    )
    return int(rows[0]["id"]) if rows else None


async def match_instruments(connection: Connection, wanted: Sequence[Row]) -> dict[int, int]:
    """Ids here by ids there. One that is not listed here is noted as suspended until the exchange lists it."""
    rows = [{**row, "status": "SUSPENDED"} for row in wanted]
    await connection.execute(
        """INSERT INTO instruments
               (market, symbol, base_asset, status, tick_size, step_size, min_quantity, min_notional)
           SELECT market, symbol, base_asset, status, tick_size, step_size, min_quantity, min_notional
           FROM json_populate_recordset(NULL::instruments, %s) ON CONFLICT (market, symbol) DO NOTHING""",
        [msgspec.json.encode(rows).decode()],
    )
    await connection.execute(
        """INSERT INTO watermarks (instrument_id, judged_to)
           SELECT id, date_trunc('minute', now(), 'UTC') FROM instruments i
           WHERE NOT EXISTS (SELECT FROM watermarks w WHERE w.instrument_id = i.id) ON CONFLICT DO NOTHING"""
    )
    found = await _rows(connection, "SELECT id, market, symbol FROM instruments", [])
    here = {(row["market"], row["symbol"]): row["id"] for row in found}
    return {row["id"]: here[row["market"], row["symbol"]] for row in wanted}


async def match_sources(connection: Connection, user_id: int, wanted: Sequence[Row]) -> dict[int, int]:
    """Ids here by ids there, by name among the user's own; a missing one is made, not trading by itself."""
    names = [row["name"] for row in wanted]
    known = await _own_sources(connection, user_id, names)
    fresh = [
        {key: value for key, value in row.items() if key != "id"} | {"user_id": user_id, "auto_trade": False}
        for row in wanted
        if row["name"] not in known
    ]
    await insert(connection, "sources", fresh)
    known |= await _own_sources(connection, user_id, [row["name"] for row in fresh])
    return {row["id"]: known[row["name"]] for row in wanted}


async def _own_sources(connection: Connection, user_id: int, names: Sequence[str]) -> dict[str, int]:
    query = "SELECT name, id FROM sources WHERE user_id = %s AND name = ANY(%s)"
    return {row["name"]: row["id"] for row in await _rows(connection, query, [user_id, list(names)])}


async def numbers(connection: Connection, table: str, count: int) -> list[int]:
    """Fresh ids of a table's rows, ascending."""
    rows = await _rows(
        connection,
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) AS id FROM generate_series(1, %s) ORDER BY 1",
        [table, count],
    )
    return [int(row["id"]) for row in rows]


async def known_signals(connection: Connection, account_id: int, wanted: Sequence[Row]) -> dict[int, int]:
    """Ids of signals that are here already, by their place in `wanted`.

    What tells a signal is its source and key, where it has none what it says and when it came; one on which the
    account has decided is another.
    """
    told = [{**row, "place": place} for place, row in enumerate(wanted)]
    rows = await _rows(
        connection,
        """WITH v AS MATERIALIZED (
               SELECT * FROM json_to_recordset(%(rows)s::json) AS v(place int, source_id bigint, idempotency_key text,
                   content_hash bytea, received_at timestamptz)
           ), known AS (
               SELECT v.place, g.id FROM v JOIN signals g USING (source_id, idempotency_key)
               UNION ALL
               SELECT v.place, g.id FROM v JOIN signals g USING (source_id, content_hash, received_at)
               WHERE v.idempotency_key IS NULL AND g.idempotency_key IS NULL
           )
           SELECT place, id FROM known k
           WHERE NOT EXISTS (SELECT FROM signal_decisions d WHERE d.signal_id = k.id AND d.account_id = %(account)s)""",
        {"rows": msgspec.json.encode(told).decode(), "account": account_id},
    )
    return {row["place"]: row["id"] for row in rows}


async def settle_balance(connection: Connection, account_id: int) -> Decimal:
    """Make the balance what the account's ledger adds up to; that sum."""
    (row,) = await _rows(
        connection,
        """UPDATE accounts SET balance = (SELECT coalesce(sum(amount), 0) FROM ledger WHERE account_id = %(account)s)
           WHERE id = %(account)s RETURNING balance""",
        {"account": account_id},
    )
    return Decimal(row["balance"])


async def _pages(connection: Connection, query: str, values: Mapping[str, object]) -> AsyncIterator[list[Row]]:
    after = 0
    while page := await _rows(connection, query, {**values, "after": after, "limit": PAGE}):
        await connection.commit()  # no long snapshot: what a line tells is whole by itself
        yield page
        after = page[-1]["id"]


async def _rows(connection: Connection, query: str, values: Any) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values)
        return [{name: _plain(value) for name, value in row.items()} for row in await cursor.fetchall()]


def _plain(value: Any) -> Any:
    """Bytes as PostgreSQL spells them; for everything else JSON has a way that it reads back."""
    return "\\x" + value.hex() if isinstance(value, bytes) else value
