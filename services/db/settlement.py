"""The one writer of trades: trades, triggers, ledger, accounts and events of a transaction, set-based.

Whatever changes a trade (the path, a command, its creation) arrives here as a `Change`. The account rows come last,
right before the COMMIT, so that one account's lock is held for two round trips. libpq's pipeline mode would make it
one, but a batch larger than the socket's buffer never leaves it: psycopg stops flushing, and both sides wait for ever.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services import traces
from services.db import closings, voids
from services.db.pool import Connection
from services.domain.barriers import barriers, next_event_at
from services.domain.changes import Change
from services.domain.excursion import in_r, initial_risk
from services.domain.money import margin
from services.domain.profit import average_exit_price, fees, funding
from services.domain.trade import Exit, Fill, Trade

_encode = msgspec.json.Encoder().encode


class StateMoved(Exception):
    """A trade was no longer in the state that the decision was made on. Nothing was written."""


class NotEnoughBalance(Exception):
    """The account's free balance does not cover what the change needs. Nothing was written."""


class Notice(msgspec.Struct, frozen=True):
    """Something else that an account's stream tells; `payload` is the whole data object."""

    account_id: int
    type: str
    action: str
    payload: object


async def settle_and_commit(
    connection: Connection, changes: Sequence[Change], *, at: datetime, notices: Sequence[Notice] = ()
) -> list[str]:
    """Write `changes`, tell `notices`, and commit the transaction; the event streams that grew.

    A new trade that was made for a signal is the account's decision on it. `at` stamps updated_at. Raises StateMoved
    (which a signal that the account has traded already is, too) or NotEnoughBalance after rolling back.
    """
    if not changes and not notices:
        await connection.commit()
        return []
    try:
        changes = await closings.measured(connection, changes)
        await _write_trades(connection, changes, at)
        streams = await _write_accounts_and_commit(connection, _Postings(changes, notices, at))
    except BaseException:
        await connection.rollback()
        raise
    closings.count(changes)
    return streams


async def _write_trades(connection: Connection, changes: Sequence[Change], at: datetime) -> None:
    new = [_trade_row(change.after, at) for change in changes if change.before is None]
    moved = [_move_row(change.before, change.after) for change in changes if change.before and change.is_stored]
    exits = [_exit_row(change.after.id, part, each) for change in changes for part, each in change.exits()]
    revised = [_revision_row(state, at) for change in changes for state in change.revisions()]
    live = [_trigger_row(change) for change in changes if change.after.status.is_live]
    final = [change.after.id for change in changes if change.before and not change.after.status.is_live]
    closed = [change.after.id for change in changes if change.closes]
    done = [change.after.id for change in changes if change.command_done]
    if new:
        await connection.execute(_INSERT_TRADES, [_json(new)])
        await _decide_signals(connection, [row for row in new if row["signal_id"] is not None])
    if moved:
        update = await connection.execute(_UPDATE_TRADES, [at, _json(moved)])
        if update.rowcount != len(moved):
            raise StateMoved(f"{len(moved) - update.rowcount} of {len(moved)} trades had changed meanwhile")
    if exits:
        await connection.execute(_INSERT_EXITS, [_json(exits)])
    if revised:
        await connection.execute(_INSERT_REVISIONS, [_json(revised)])
    if done:
        await connection.execute("DELETE FROM trade_commands WHERE trade_id = ANY(%s)", [done])
    if final:
        await connection.execute("DELETE FROM live_triggers WHERE trade_id = ANY(%s)", [final])
    if live:
        await connection.execute(_UPSERT_TRIGGERS, [_json(live)])
    if closed:
        await closings.add_results(connection, closed)
    await voids.leave_out(connection, [change.after.id for change in changes if change.voids])


async def _decide_signals(connection: Connection, new: Sequence[dict[str, object]]) -> None:
    """Note which signals the new trades were made for: that row, one an account and signal, makes it at most once."""
    if not new:
        return
    decided = await connection.execute(
        _DECIDE_SIGNALS, [[row[name] for row in new] for name in ("signal_id", "account_id", "id")]
    )
    if decided.rowcount != len(new):
        raise StateMoved("an account has traded the signal already")


async def _write_accounts_and_commit(connection: Connection, postings: "_Postings") -> list[str]:
    accounts = [postings.accounts[id_] for id_ in sorted(postings.accounts)]
    if postings.ledger:
        await connection.execute(_INSERT_LEDGER, [_json(postings.ledger)])
    moved = await connection.execute(_MOVE_ACCOUNTS, [_json(accounts), _json(postings.events)])
    if moved.rowcount != len(postings.events):
        raise NotEnoughBalance
    await connection.commit()
    return [f"a{account.id}" for account in accounts if account.events]


class _Postings:
    """What the changes book on accounts: deltas, ledger rows, and events numbered within their account."""

    def __init__(self, changes: Iterable[Change], notices: Iterable[Notice], at: datetime) -> None:
        self.accounts: dict[int, _AccountDelta] = {}
        self.ledger: list[_LedgerRow] = []
        self.events: list[_EventRow] = []
        for change in changes:
            self._add(change, at)
        for notice in notices:
            self._tell(self._account(notice.account_id), notice.type, notice.action, notice.payload)

    def _add(self, change: Change, at: datetime) -> None:
        id_ = change.after.account_id
        account = self._account(id_)
        for row in change.ledger():
            account.balance += row.amount
            self.ledger.append(_LedgerRow(id_, row.trade_id, row.kind, row.part, row.amount))
        for event in change.events(at):
            trace = traces.current()
            payload = msgspec.structs.replace(event, traceparent=trace) if trace else event
            self._tell(account, event.type, event.action, payload)
        account.reserved += change.after.reserved - (change.before.reserved if change.before else 0)
        if change.before is None:
            account.free_needed = (account.free_needed or Decimal(0)) + change.funds_needed

    def _account(self, id_: int) -> "_AccountDelta":
        return self.accounts.setdefault(id_, _AccountDelta(id_))

    def _tell(self, account: "_AccountDelta", type_: str, action: str, payload: object) -> None:
        account.events += 1
        self.events.append(_EventRow(account.id, account.events, type_, action, payload))


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
    part: int
    amount: Decimal


class _EventRow(msgspec.Struct):
    account_id: int
    n: int
    type: str
    action: str
    payload: object


def _json(rows: object) -> str:
    return _encode(rows).decode()


def _entry_columns(fill: Fill | None) -> dict[str, object]:
    if fill is None:
        return {}
    return {f"entry_{name}": getattr(fill, name) for name in Fill.__struct_fields__}


def _plan_columns(trade: Trade) -> dict[str, object]:
    """What edits, targets and trailing change on the way."""
    return {
        "targets": trade.plan.targets,
        "initial_stop": trade.plan.stop_loss,
        "stop_loss": trade.stop.price,
        "stop_reason": trade.stop.reason,
        "trail_level": trade.trail.level if trade.trail else None,
        "trail_step": trade.trail.step if trade.trail else None,
    }


def _trade_row(trade: Trade, at: datetime) -> dict[str, object]:
    return {
        "id": trade.id,
        "account_id": trade.account_id,
        "instrument_id": trade.instrument.id,
        "direction": trade.plan.direction,
        "entry_type": trade.plan.entry_type,
        "limit_price": trade.plan.limit_price,
        "position_size": trade.plan.position_size,
        "leverage": trade.plan.leverage,
        "rules": trade.plan.rules,
        **_plan_columns(trade),
        "quantity": trade.quantity,
        "maker_rate": trade.fees.maker,
        "taker_rate": trade.fees.taker,
        "fill_model": trade.fill_model,
        "half_spread": trade.slippage.half_spread,
        "average_range": trade.slippage.average_range,
        "status": trade.status,
        "reserved": trade.reserved,
        "brackets": trade.brackets,
        **_entry_columns(trade.entry),
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
        **_plan_columns(after),
        "ambiguous": after.ambiguous,
        **_entry_columns(None if before.entry else after.entry),
        "exit_reason": after.ended_by,
        **_result_columns(after),
    }


def _result_columns(trade: Trade) -> dict[str, object]:
    """What a closed trade came to."""
    if trade.exit is None or trade.entry is None:
        return {}
    return {
        "exit_time": trade.exit.time,
        "exit_price": average_exit_price(trade),
        "fees": fees(trade),
        "funding": funding(trade),
        "profit_loss": trade.profit_loss,
        "margin": margin(trade.entry.price, trade.quantity, trade.plan.leverage),
        "r_multiple": in_r(trade.profit_loss, initial_risk(trade)),
        "mae": trade.excursion.mae if trade.excursion else None,
        "mfe": trade.excursion.mfe if trade.excursion else None,
    }


def _exit_row(trade_id: int, part: int, exit_: Exit) -> dict[str, object]:
    return {
        "trade_id": trade_id,
        "part": part,
        "reason": exit_.reason,
        "quantity": exit_.quantity,
        "gross": exit_.gross,
        "cap": exit_.cap,
        "funding": exit_.funding,
        **msgspec.structs.asdict(exit_.fill),
    }


def _revision_row(trade: Trade, at: datetime) -> dict[str, object]:
    return {
        "trade_id": trade.id,
        "version": trade.version,
        "at": at,
        "stop_loss": trade.stop.price,
        "stop_reason": trade.stop.reason,
        "targets": trade.plan.targets,
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
        f"mark_{'lower' if trade.is_long else 'upper'}": trade.liquidation_price,
        "next_event_at": min(filter(None, (change.command_at, next_event_at(trade))), default=None),
        "active_from": trade.active_from,
        "held_from": trade.held_from,
    }


_ENTRY_TYPES = "entry_time timestamptz, entry_price numeric, entry_role text, entry_fee numeric, entry_evidence jsonb"
_PLAN_TYPES = """targets jsonb, initial_stop numeric, stop_loss numeric, stop_reason text, trail_level numeric,
    trail_step numeric"""

_INSERT_TRADES = f"""
INSERT INTO trades (id, account_id, instrument_id, direction, entry_type, limit_price, position_size, leverage, rules,
    targets, initial_stop, stop_loss, stop_reason, trail_level, trail_step, quantity, maker_rate, taker_rate,
    fill_model, half_spread, average_range, status, reserved, brackets, entry_time, entry_price, entry_role,
    entry_fee, entry_evidence, ambiguous, version, created_at, source, notes, signal_id, updated_at)
SELECT * FROM json_to_recordset(%s::json) AS v(id bigint, account_id bigint, instrument_id int, direction text,
    entry_type text, limit_price numeric, position_size numeric, leverage int, rules jsonb, {_PLAN_TYPES},
    quantity numeric, maker_rate numeric, taker_rate numeric, fill_model text, half_spread numeric,
    average_range numeric, status text, reserved numeric, brackets jsonb, {_ENTRY_TYPES}, ambiguous boolean,
    version int, created_at timestamptz, source text, notes text, signal_id bigint,
    updated_at timestamptz)
"""

# What was refused or expired before may be traded by hand after all; what was traded may not again.
_DECIDE_SIGNALS = """
INSERT INTO signal_decisions AS d (signal_id, account_id, outcome, trade_id)
SELECT signal_id, account_id, 'accepted', trade_id
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(signal_id, account_id, trade_id) ORDER BY 1, 2
ON CONFLICT (signal_id, account_id) DO UPDATE SET outcome = 'accepted', trade_id = excluded.trade_id, code = NULL,
    reason = NULL, numbers = '{}', decided_at = clock_timestamp()
WHERE d.outcome <> 'accepted'
"""

_UPDATE_TRADES = f"""
UPDATE trades t SET status = v.status, version = v.version, reserved = v.reserved, targets = v.targets,
    initial_stop = v.initial_stop, stop_loss = v.stop_loss, stop_reason = v.stop_reason, trail_level = v.trail_level,
    trail_step = v.trail_step, ambiguous = v.ambiguous, updated_at = %s,
    entry_time = coalesce(v.entry_time, t.entry_time), entry_price = coalesce(v.entry_price, t.entry_price),
    entry_role = coalesce(v.entry_role, t.entry_role), entry_fee = coalesce(v.entry_fee, t.entry_fee),
    entry_evidence = coalesce(v.entry_evidence, t.entry_evidence),
    exit_reason = v.exit_reason, exit_time = v.exit_time, exit_price = v.exit_price, fees = v.fees,
    funding = v.funding, profit_loss = v.profit_loss, margin = v.margin, r_multiple = v.r_multiple, mae = v.mae,
    mfe = v.mfe
FROM json_to_recordset(%s::json) AS v(id bigint, was_status text, was_version int, status text, version int,
    reserved numeric, {_PLAN_TYPES}, ambiguous boolean, {_ENTRY_TYPES}, exit_reason text, exit_time timestamptz,
    exit_price numeric, fees numeric, funding numeric, profit_loss numeric, margin numeric, r_multiple numeric,
    mae numeric, mfe numeric)
WHERE t.id = v.id AND t.status = v.was_status AND t.version = v.was_version
"""

_INSERT_EXITS = """
INSERT INTO trade_exits (trade_id, part, reason, time, price, quantity, role, fee, gross, cap, funding, evidence)
SELECT * FROM json_to_recordset(%s::json) AS v(trade_id bigint, part int, reason text, time timestamptz,
    price numeric, quantity numeric, role text, fee numeric, gross numeric, cap numeric, funding numeric,
    evidence jsonb)
"""

_INSERT_REVISIONS = """
INSERT INTO trade_revisions (trade_id, version, at, stop_loss, stop_reason, targets)
SELECT * FROM json_to_recordset(%s::json) AS v(trade_id bigint, version int, at timestamptz, stop_loss numeric,
    stop_reason text, targets jsonb)
"""

_UPSERT_TRIGGERS = """
INSERT INTO live_triggers (trade_id, account_id, instrument_id, lower, upper, mark_lower, mark_upper, next_event_at,
    active_from, held_from)
SELECT * FROM json_to_recordset(%s::json) AS v(trade_id bigint, account_id bigint, instrument_id int, lower numeric,
    upper numeric, mark_lower numeric, mark_upper numeric, next_event_at timestamptz, active_from timestamptz,
    held_from timestamptz)
ON CONFLICT (trade_id) DO UPDATE SET lower = excluded.lower, upper = excluded.upper,
    mark_lower = excluded.mark_lower, mark_upper = excluded.mark_upper,
    next_event_at = excluded.next_event_at, active_from = excluded.active_from, held_from = excluded.held_from
"""

_INSERT_LEDGER = """
INSERT INTO ledger (account_id, trade_id, kind, part, amount)
SELECT * FROM json_to_recordset(%s::json) AS v(account_id bigint, trade_id bigint, kind text, part int, amount numeric)
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
SELECT 'a' || moved.id, moved.base + e.n, clock_timestamp(), e.type, e.action, e.payload
FROM json_to_recordset(%s::json) AS e(account_id bigint, n int, type text, action text, payload json)
JOIN moved ON moved.id = e.account_id
"""
