"""What the tables refuse, whoever writes: states of a trade that cannot be, a second booking, half a minute."""

import itertools
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

ENTRY = {"entry_time": "2026-07-01 12:00+00", "entry_price": 100, "entry_role": "taker", "entry_fee": 1}
EXIT = {"exit_time": "2026-07-01 12:05+00", "exit_price": 101, "fees": 2, "funding": 0}
WHOLE = {"entry": ENTRY | {"entry_evidence": "{}"}, "exit": EXIT | {"profit_loss": -1}}
TRADE = {
    "direction": "LONG",
    "entry_type": "LIMIT",
    "limit_price": 100,
    "stop_loss": 95,
    "initial_stop": 95,
    "position_size": 100,
    "leverage": 1,
    "quantity": 1,
    "maker_rate": 0,
    "taker_rate": 0,
    "fill_model": "optimistic",
    "half_spread": 0,
    "average_range": 0,
    "status": "PENDING",
    "reserved": 0,
    "created_at": "2026-07-01 12:00+00",
    "updated_at": "2026-07-01 12:00+00",
}
# By status: entered, left, and whether something may be reserved.
LEGAL = {"PENDING": (False, False, True), "OPEN": (True, False, True), "CANCELLED": (False, False, False)} | {
    f"CLOSED_{kind}": (True, True, False) for kind in ("TP", "SL", "MANUAL", "LIQUIDATED", "EXPIRED")
}


@pytest.fixture
def connection(database_url: str):
    with psycopg.connect(database_url) as open_connection:
        open_connection.execute("INSERT INTO users (name) VALUES ('local')")
        open_connection.execute("INSERT INTO accounts (user_id, name) SELECT id, 'main' FROM users")
        open_connection.execute(
            """INSERT INTO instruments (market, symbol, base_asset, status, tick_size, step_size, min_quantity,
                   min_notional) VALUES ('SPOT', 'BTCUSDT', 'BTC', 'TRADING', 1, 1, 1, 1)"""
        )
        yield open_connection


def insert(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> int:
    """The new row's id; a refused row leaves nothing behind."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    with connection.transaction():
        found = connection.execute(statement, list(row.values())).fetchone()
    assert found is not None
    return found[0]


def _reason(status: str) -> dict[str, Any]:
    return {} if status in ("PENDING", "OPEN") else {"exit_reason": "manual"}


def trade(connection: psycopg.Connection, **changes: Any) -> int:
    owner = connection.execute("SELECT (SELECT id FROM accounts), (SELECT id FROM instruments)").fetchone()
    assert owner is not None
    return insert(connection, "trades", TRADE | {"account_id": owner[0], "instrument_id": owner[1]} | changes)


@pytest.mark.parametrize("status", LEGAL)
def test_a_status_has_the_fills_it_says(connection: psycopg.Connection, status: str):
    entered, left, may_reserve = LEGAL[status]
    for entry, exit_, reserved in itertools.product((True, False), (True, False), (0, 5)):
        fills = (WHOLE["entry"] if entry else {}) | (WHOLE["exit"] if exit_ else {}) | _reason(status)
        if (entry, exit_) == (entered, left) and (may_reserve or not reserved):
            trade(connection, status=status, reserved=reserved, **fills)
        else:
            with pytest.raises(errors.CheckViolation):
                trade(connection, status=status, reserved=reserved, **fills)


@pytest.mark.parametrize(("kind", "missing"), [(kind, column) for kind in WHOLE for column in WHOLE[kind]])
def test_a_fill_is_whole(connection: psycopg.Connection, kind: str, missing: str):
    fills = WHOLE["entry"] | WHOLE["exit"] if kind == "exit" else WHOLE["entry"]
    status = "CLOSED_TP" if kind == "exit" else "OPEN"
    fills |= _reason(status)
    trade(connection, status=status, **fills)
    with pytest.raises(errors.CheckViolation):
        trade(connection, status=status, **fills | {missing: None})


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "LOST"},
        {"direction": "UP"},
        {"entry_type": "MARKET"},
        {"limit_price": None},
        {"limit_price": 0},
        {"stop_loss": 0},
        {"stop_loss": "NaN"},
        {"quantity": "NaN"},
        {"initial_stop": 0},
        {"stop_reason": "mood"},
        {"trail_level": 100},
        {"exit_reason": "cancelled"},
        {"status": "CANCELLED"},
        {"quantity": 0},
        {"position_size": 0},
        {"leverage": 0},
        {"leverage": 151},
        {"reserved": -1},
        {"maker_rate": -1},
        {"fill_model": "kind"},
        {"source": ""},
        {"notes": "x" * 4001},
        {"status": "OPEN"} | WHOLE["entry"] | {"entry_fee": -1},
        {"status": "OPEN"} | WHOLE["entry"] | {"entry_role": "giver"},
        {"status": "CLOSED_TP"} | WHOLE["entry"] | WHOLE["exit"] | {"exit_price": 0, "exit_reason": "manual"},
        {"status": "CLOSED_TP"}
        | WHOLE["entry"]
        | WHOLE["exit"]
        | {"exit_time": "2026-07-01 11:59+00", "exit_reason": "manual"},
        {"status": "PENDING", "entry_type": "MARKET", "limit_price": None},
    ],
    ids=str,
)
def test_impossible_trades_are_refused(connection: psycopg.Connection, wrong: dict[str, Any]):
    trade(connection)
    with pytest.raises(errors.CheckViolation):
        trade(connection, **wrong)


def test_the_ledger_books_a_cause_once(connection: psycopg.Connection):
    id_ = trade(connection)
    row = {"account_id": 1, "trade_id": id_, "kind": "exit_fee", "amount": -1}
    insert(connection, "ledger", row)
    insert(connection, "ledger", row | {"kind": "entry_fee"})
    insert(connection, "ledger", row | {"part": 1})
    with pytest.raises(errors.UniqueViolation):
        insert(connection, "ledger", row | {"amount": -2})
    for wrong in ({"trade_id": None}, {"kind": "deposit"}, {"kind": "gift"}):
        with pytest.raises(errors.CheckViolation):
            insert(connection, "ledger", row | wrong)


@pytest.mark.parametrize("time", ["12:00:01", "12:00:00.001", "12:00:30"])
def test_a_watermark_is_a_minute(connection: psycopg.Connection, time: str):
    instrument = connection.execute("SELECT id FROM instruments").fetchone()
    assert instrument is not None
    with pytest.raises(errors.CheckViolation):
        insert(connection, "watermarks", {"instrument_id": instrument[0], "judged_to": f"2026-07-01 {time}+00"})
    # Some zones are not whole hours away from UTC, one of old was not even whole minutes.
    connection.execute("SET TIME ZONE 'Africa/Monrovia'")
    insert(connection, "watermarks", {"instrument_id": instrument[0], "judged_to": "1960-07-01 12:00:00+00"})


def test_both_markets_may_list_a_symbol_and_one_market_once(connection: psycopg.Connection):
    row = {"symbol": "BTCUSDT", "base_asset": "BTC", "status": "TRADING"}
    grid = dict.fromkeys(("tick_size", "step_size", "min_quantity", "min_notional"), 1)
    insert(connection, "instruments", {"market": "FUTURES"} | row | grid)
    for market in ("SPOT", "FUTURES"):
        with pytest.raises(errors.UniqueViolation):
            insert(connection, "instruments", {"market": market} | row | grid)


def test_a_live_trigger_has_a_barrier(connection: psycopg.Connection):
    row = {"trade_id": trade(connection), "account_id": 1, "instrument_id": 1, "active_from": "2026-07-01 12:00+00"}
    with pytest.raises(errors.CheckViolation):
        insert(connection, "live_triggers", row)
    insert(connection, "live_triggers", row | {"lower": 1})
    with pytest.raises(errors.UniqueViolation):
        insert(connection, "live_triggers", row | {"upper": 1})


def test_a_close_command_carries_its_quote(connection: psycopg.Connection):
    row = {"trade_id": trade(connection), "kind": "close", "at": "2026-07-01 12:00+00"}
    for missing in ({"bid": 1}, {"ask": 1}, {}):
        with pytest.raises(errors.CheckViolation):
            insert(connection, "trade_commands", row | missing)
    insert(connection, "trade_commands", row | {"bid": 1, "ask": 1})
    with pytest.raises(errors.UniqueViolation):
        insert(connection, "trade_commands", row | {"kind": "cancel"})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    "column",
    [
        "accounts.balance",
        "accounts.reserved",
        "accounts.spot_taker",
        "ledger.amount",
        "instruments.tick_size",
        "instruments.step_size",
        "instruments.min_quantity",
        "instruments.min_notional",
        "watermarks.average_range",
        "watermarks.last_close",
    ],
)
def test_money_is_finite(connection: psycopg.Connection, column: str, number: str):
    insert(connection, "ledger", {"account_id": 1, "kind": "deposit", "amount": 1})
    insert(connection, "watermarks", {"instrument_id": 1, "judged_to": "2026-07-01 12:00+00", "last_close": 1})
    table, name = column.split(".")
    change = sql.SQL("UPDATE {} SET {} = %s").format(sql.Identifier(table), sql.Identifier(name))
    assert connection.execute(change, ["0.5"]).rowcount == 1
    with pytest.raises(errors.CheckViolation):
        connection.execute(change, [number])
