"""The one writer of trades: trades, triggers, ledger, accounts and events of a transaction, set-based, in one go.

Whatever changes a trade (the path, a command, its creation) arrives here as a `Change`. The account rows come
last and together with the COMMIT, so that one account's lock is held for as long as one round trip takes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.pool import Connection
from services.domain.barriers import barriers
from services.domain.changes import Change, TradeEvent
from services.domain.trade import Fill, Trade

_encode = msgspec.json.Encoder().encode


class StateMoved(Exception):
    """A trade was no longer in the state that the decision was made on. Nothing was written."""


class NotEnoughBalance(Exception):
    """The account's free balance does not cover what the change needs. Nothing was written."""


async def settle_and_commit(connection: Connection, changes: Sequence[Change], *, at: datetime) -> list[str]:
    """Write `changes` and commit the transaction; the event streams that grew.

    `at` stamps updated_at. Raises StateMoved or NotEnoughBalance after rolling back.
    """
    if not changes:
        await connection.commit()
        return []
    try:
        await _write_trades(connection, changes, at)
        return await _write_accounts_and_commit(connection, _Postings(changes, at))
    except BaseException:
        await connection.rollback()
        raise


async def _write_trades(connection: Connection, changes: Sequence[Change], at: datetime) -> None:
    new = [_trade_row(change.after, at) for change in changes if change.before is None]
    moved = [_move_row(change.before, change.after) for change in changes if change.before and change.is_stored]
    live = [_trigger_row(change) for change in changes if change.after.status.is_live]
    final = [change.after.id for change in changes if change.before and not change.after.status.is_live]
    done = [change.after.id for change in changes if change.command_done]
    update = None
    async with connection.pipeline():
        if new:
            await connection.execute(_INSERT_TRADES, [_json(new)])
        if moved:
            update = await connection.execute(_UPDATE_TRADES, [at, _json(moved)])
        if done:
            await connection.execute("DELETE FROM trade_commands WHERE trade_id = ANY(%s)", [done])
        if final:
            await connection.execute("DELETE FROM live_triggers WHERE trade_id = ANY(%s)", [final])
        if live:
            await connection.execute(_UPSERT_TRIGGERS, [_json(live)])
    if update is not None and update.rowcount != len(moved):
        raise StateMoved(f"{len(moved) - update.rowcount} of {len(moved)} trades had changed meanwhile")


async def _write_accounts_and_commit(connection: Connection, postings: "_Postings") -> list[str]:
    accounts = [postings.accounts[id_] for id_ in sorted(postings.accounts)]
    move = [_json(accounts), _json(postings.events)]
    async with connection.pipeline():
        if postings.ledger:
            await connection.execute(_INSERT_LEDGER, [_json(postings.ledger)])
        moved = await connection.execute(_MOVE_ACCOUNTS, move)
        if all(account.free_needed is None for account in accounts):
            await connection.commit()
    if moved.rowcount != len(postings.events):
        raise NotEnoughBalance
    await connection.commit()
    return [f"a{account.id}" for account in accounts if account.events]


class _Postings:
    """What the changes book on accounts: deltas, ledger rows, and events numbered within their account."""

    def __init__(self, changes: Iterable[Change], at: datetime) -> None:
        self.accounts: dict[int, _AccountDelta] = {}
        self.ledger: list[_LedgerRow] = []
        self.events: list[_EventRow] = []
        for change in changes:
            self._add(change, at)

    def _add(self, change: Change, at: datetime) -> None:
        id_ = change.after.account_id
        account = self.accounts.setdefault(id_, _AccountDelta(id_))
        for row in change.ledger():
            account.balance += row.amount
            self.ledger.append(_LedgerRow(id_, row.trade_id, row.kind, row.amount))
        for event in change.events(at):
            account.events += 1
            self.events.append(_EventRow(id_, account.events, event.action, event))
        account.reserved += change.after.reserved - (change.before.reserved if change.before else 0)
        if change.before is None:
            account.free_needed = (account.free_needed or Decimal(0)) + change.funds_needed


class _AccountDelta(msgspec.Struct):
    """What one account gains. `free_needed`: nothing happens unless balance - reserved covers it."""

    id: int
    balance: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    events: int = 0
    free_needed: Decimal | None = None


class _LedgerRow(msgspec.Struct):
    account_id: int
    trade_id: int
    kind: str
    amount: Decimal


class _EventRow(msgspec.Struct):
    account_id: int
    n: int
    action: str
    payload: TradeEvent


def _json(rows: object) -> str:
    return _encode(rows).decode()


def _fill_columns(prefix: str, fill: Fill | None) -> dict[str, object]:
    if fill is None:
        return {}
    return {f"{prefix}_{name}": getattr(fill, name) for name in Fill.__struct_fields__}


def _trade_row(trade: Trade, at: datetime) -> dict[str, object]:
    return {
        "id": trade.id,
        "account_id": trade.account_id,
        "instrument_id": trade.instrument.id,
        **msgspec.structs.asdict(trade.plan),
        "quantity": trade.quantity,
        "maker_rate": trade.fees.maker,
        "taker_rate": trade.fees.taker,
        "fill_model": trade.fill_model,
        "half_spread": trade.slippage.half_spread,
        "average_range": trade.slippage.average_range,
        "status": trade.status,
        "reserved": trade.reserved,
        **_fill_columns("entry", trade.entry),
        "ambiguous": trade.ambiguous,
        "version": trade.version,
        **msgspec.structs.asdict(trade.label),
        "updated_at": at,
    }


def _move_row(before: Trade, after: Trade) -> dict[str, object]:
    """The columns that can change, beside the state the decision was made on. Fills already stored stay away."""
    return {
        "id": after.id,
        "was_status": before.status,
        "was_version": before.version,
        "status": after.status,
        "version": after.version,
        "reserved": after.reserved,
        "stop_loss": after.plan.stop_loss,
        "take_profit": after.plan.take_profit,
        "ambiguous": after.ambiguous,
        **_fill_columns("entry", None if before.entry else after.entry),
        **_fill_columns("exit", after.exit),
        "profit_loss": after.profit_loss,
    }


def _trigger_row(change: Change) -> dict[str, object]:
    trade = change.after
    wall = barriers(trade)
    return {
        "trade_id": trade.id,
        "account_id": trade.account_id,
        "instrument_id": trade.instrument.id,
        "lower": wall.lower,
        "upper": wall.upper,
        "next_event_at": change.next_event_at,
        "active_from": trade.active_from,
        "held_from": trade.held_from,
    }


_FILL_TYPES = "{0}_time timestamptz, {0}_price numeric, {0}_role text, {0}_fee numeric, {0}_evidence jsonb"

_INSERT_TRADES = f"""
INSERT INTO trades (id, account_id, instrument_id, direction, entry_type, limit_price, stop_loss, take_profit,
    position_size, leverage, quantity, maker_rate, taker_rate, fill_model, half_spread, average_range, status, reserved,
    entry_time, entry_price, entry_role, entry_fee, entry_evidence, ambiguous, version, created_at, source, notes,
    updated_at)
SELECT * FROM json_to_recordset(%s::json) AS v(id bigint, account_id bigint, instrument_id int, direction text,
    entry_type text, limit_price numeric, stop_loss numeric, take_profit numeric, position_size numeric, leverage int,
    quantity numeric, maker_rate numeric, taker_rate numeric, fill_model text, half_spread numeric,
    average_range numeric, status text, reserved numeric, {_FILL_TYPES.format("entry")}, ambiguous boolean,
    version int, created_at timestamptz, source text, notes text, updated_at timestamptz)
"""

_UPDATE_TRADES = f"""
UPDATE trades t SET status = v.status, version = v.version, reserved = v.reserved, stop_loss = v.stop_loss,
    take_profit = v.take_profit, ambiguous = v.ambiguous, updated_at = %s,
    entry_time = coalesce(v.entry_time, t.entry_time), entry_price = coalesce(v.entry_price, t.entry_price),
    entry_role = coalesce(v.entry_role, t.entry_role), entry_fee = coalesce(v.entry_fee, t.entry_fee),
    entry_evidence = coalesce(v.entry_evidence, t.entry_evidence),
    exit_time = v.exit_time, exit_price = v.exit_price, exit_role = v.exit_role, exit_fee = v.exit_fee,
    exit_evidence = v.exit_evidence, profit_loss = v.profit_loss
FROM json_to_recordset(%s::json) AS v(id bigint, was_status text, was_version int, status text, version int,
    reserved numeric, stop_loss numeric, take_profit numeric, ambiguous boolean, {_FILL_TYPES.format("entry")},
    {_FILL_TYPES.format("exit")}, profit_loss numeric)
WHERE t.id = v.id AND t.status = v.was_status AND t.version = v.was_version
"""

_UPSERT_TRIGGERS = """
INSERT INTO live_triggers (trade_id, account_id, instrument_id, lower, upper, next_event_at, active_from, held_from)
SELECT * FROM json_to_recordset(%s::json) AS v(trade_id bigint, account_id bigint, instrument_id int, lower numeric,
    upper numeric, next_event_at timestamptz, active_from timestamptz, held_from timestamptz)
ON CONFLICT (trade_id) DO UPDATE SET lower = excluded.lower, upper = excluded.upper,
    next_event_at = excluded.next_event_at, active_from = excluded.active_from, held_from = excluded.held_from
"""

_INSERT_LEDGER = """
INSERT INTO ledger (account_id, trade_id, kind, amount)
SELECT * FROM json_to_recordset(%s::json) AS v(account_id bigint, trade_id bigint, kind text, amount numeric)
"""

# created_at is read under the account's lock, so that it runs in the order of seq and retention leaves no hole.
# Locked in id order, so that two writers of the same accounts queue up instead of deadlocking.
_MOVE_ACCOUNTS = """
WITH delta AS (
    SELECT * FROM json_to_recordset(%s::json)
        AS d(id bigint, balance numeric, reserved numeric, events int, free_needed numeric)
), locked AS MATERIALIZED (
    SELECT id FROM accounts WHERE id IN (SELECT id FROM delta) ORDER BY id FOR NO KEY UPDATE
), moved AS (
    UPDATE accounts a SET balance = a.balance + d.balance, reserved = a.reserved + d.reserved,
        event_seq = a.event_seq + d.events
    FROM delta d JOIN locked USING (id)
    WHERE a.id = d.id AND (d.free_needed IS NULL OR a.balance - a.reserved >= d.free_needed)
    RETURNING a.id, a.event_seq - d.events AS base
)
INSERT INTO events (stream, seq, created_at, type, action, payload)
SELECT 'a' || moved.id, moved.base + e.n, clock_timestamp(), 'paper_trade', e.action, e.payload
FROM json_to_recordset(%s::json) AS e(account_id bigint, n int, action text, payload json)
JOIN moved ON moved.id = e.account_id
"""
