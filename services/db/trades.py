"""Trades as stored: rows to domain values. The writing side is `services.db.settlement`."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.pool import Connection, Pool
from services.domain.brackets import Brackets
from services.domain.command import Command, CommandKind
from services.domain.fees import FeeRates, FillRole
from services.domain.fills import FillModel, Slippage
from services.domain.funding import NO_FUNDING, Funding
from services.domain.market import Filters, Instrument, InstrumentStatus, Market
from services.domain.plan import Direction, EntryType, Plan, Rules, Target
from services.domain.trade import Evidence, Excursion, Exit, Fill, Label, Reason, Stop, Trade, TradeStatus, Trail

# One column of JSON: as sixty columns a row costs both sides more, for each is described, sent and read on its own.
_ROW = """json_build_array(t.id, t.account_id, i.id, i.market, i.symbol, i.base_asset, i.status,
    i.tick_size, i.step_size, i.min_quantity, i.min_notional, t.direction, t.entry_type, t.limit_price, t.initial_stop,
    t.targets, t.position_size, t.leverage, t.rules, t.created_at, t.source, t.notes, t.signal_id, t.quantity,
    t.maker_rate, t.taker_rate, t.fill_model, t.half_spread, t.average_range, t.status, t.reserved, l.active_from,
    t.stop_loss, t.stop_reason, t.trail_level, t.trail_step, t.brackets, {funding}, l.held_from, t.entry_time,
    t.entry_price, t.entry_role, t.entry_fee, t.entry_evidence,
    ARRAY(SELECT json_build_array(e.reason, e.quantity, e.time, e.price, e.role, e.fee, e.evidence,
        e.gross, e.cap, e.funding) FROM trade_exits e WHERE e.trade_id = t.id ORDER BY e.part),
    t.exit_reason, t.profit_loss, t.ambiguous, t.version, t.mae, t.mfe,
    CASE t.status WHEN 'VOIDED' THEN (SELECT v.reason FROM voids v WHERE v.trade_id = t.id) END, t.updated_at,
    c.kind, c.at, c.bid, c.ask, c.fraction, c.stop_loss, c.targets)::text
FROM trades t JOIN instruments i ON i.id = t.instrument_id
LEFT JOIN live_triggers l ON l.trade_id = t.id LEFT JOIN trade_commands c ON c.trade_id = t.id"""

# Of live trades. OFFSET 0, for else `booked` would be worked out wherever it is used.
_FUNDING = """CASE WHEN l.trade_id IS NOT NULL THEN (
    SELECT json_build_array(
        (SELECT coalesce(json_agg(json_build_array(s.time, s.amount) ORDER BY s.time), '[]')
         FROM funding_settlements s WHERE s.instrument_id = t.instrument_id AND s.time >= {first}),
        {carried}, k.due)
    FROM funding_clocks k CROSS JOIN (
        SELECT greatest(t.entry_time, (SELECT max(e.time) FROM trade_exits e WHERE e.trade_id = t.id)) AS booked
        OFFSET 0) b WHERE k.instrument_id = t.instrument_id) END"""
_ALL = _FUNDING.format(first="b.booked", carried="0")

_TOTAL = "(SELECT s.total FROM funding_settlements s WHERE s.instrument_id = t.instrument_id AND s.time"
_LAST = "ORDER BY s.time DESC LIMIT 1)"
_SINCE = _FUNDING.format(
    first="greatest(b.booked, %(since)s)",
    carried=f"""CASE WHEN b.booked < %(since)s THEN (
        SELECT coalesce({_TOTAL} < %(since)s {_LAST}, 0) - coalesce({_TOTAL} < b.booked {_LAST}, 0)) ELSE 0 END""",
)
_LOAD = f"SELECT {_ROW.format(funding=_SINCE)} WHERE t.id = ANY(%(ids)s) ORDER BY t.id"
_LOAD_ONE = f"SELECT {_ROW.format(funding=_ALL)} WHERE t.id = %s"


class _Exit(msgspec.Struct, frozen=True, array_like=True):
    """An exit as `_ROW` has it."""

    reason: Reason
    quantity: Decimal
    time: datetime
    price: Decimal
    role: FillRole
    fee: Decimal
    evidence: Evidence
    gross: Decimal
    cap: Decimal
    funding: Decimal


class _Funding(Funding, frozen=True, array_like=True):
    """Funding as `_ROW` has it."""


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """A row of `_ROW`."""

    id: int
    account_id: int
    instrument_id: int
    market: Market
    symbol: str
    base_asset: str
    instrument_status: InstrumentStatus
    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    direction: Direction
    entry_type: EntryType
    limit_price: Decimal | None
    initial_stop: Decimal
    targets: tuple[Target, ...]
    position_size: Decimal
    leverage: int
    rules: Rules
    created_at: datetime
    source: str
    notes: str
    signal_id: int | None
    quantity: Decimal
    maker_rate: Decimal
    taker_rate: Decimal
    fill_model: FillModel
    half_spread: Decimal
    average_range: Decimal
    status: TradeStatus
    reserved: Decimal
    active_from: datetime | None
    stop_loss: Decimal
    stop_reason: Reason
    trail_level: Decimal | None
    trail_step: Decimal | None
    brackets: Brackets
    funding: _Funding | None
    held_from: datetime | None
    entry_time: datetime | None
    entry_price: Decimal | None
    entry_role: FillRole | None
    entry_fee: Decimal | None
    entry_evidence: Evidence | None
    exits: tuple[_Exit, ...]
    exit_reason: Reason | None
    profit_loss: Decimal | None
    ambiguous: bool
    version: int
    mae: Decimal | None
    mfe: Decimal | None
    void_reason: str | None
    updated_at: datetime
    command_kind: CommandKind | None
    command_at: datetime | None
    command_bid: Decimal | None
    command_ask: Decimal | None
    command_fraction: Decimal | None
    command_stop_loss: Decimal | None
    command_targets: tuple[Target, ...] | None


_row = msgspec.json.Decoder(_Row).decode


class Stored(msgspec.Struct, frozen=True):
    """A trade as the database holds it, with the command that waits for it, if one does."""

    trade: Trade
    command: Command | None
    updated_at: datetime


async def load(connection: Connection, ids: Iterable[int], since: datetime | None = None) -> list[Stored]:
    """The trades with these ids, by id.

    Settlements of funding before `since` come as their sum: nothing will happen to the trades before it.
    """
    cursor = await connection.execute(_LOAD, {"ids": list(ids), "since": since}, binary=True)
    return [_stored(_row(text)) for (text,) in await cursor.fetchall()]


async def load_one(pool: Pool, id_: int) -> Stored | None:
    """The trade with this id, if there is one."""
    found = await pool.first(_LOAD_ONE, id_)
    return None if found is None else _stored(_row(found[0]))


def _stored(row: _Row) -> Stored:
    trade = Trade(
        id=row.id,
        account_id=row.account_id,
        instrument=Instrument(
            row.instrument_id,
            row.market,
            row.symbol,
            row.base_asset,
            row.instrument_status,
            Filters(row.tick_size, row.step_size, row.min_quantity, row.min_notional),
        ),
        plan=Plan(
            direction=row.direction,
            entry_type=row.entry_type,
            limit_price=row.limit_price,
            stop_loss=row.initial_stop,
            targets=row.targets,
            position_size=row.position_size,
            leverage=row.leverage,
            rules=row.rules,
        ),
        label=Label(row.created_at, row.source, row.notes, row.signal_id),
        quantity=row.quantity,
        fees=FeeRates(row.maker_rate, row.taker_rate),
        fill_model=row.fill_model,
        slippage=Slippage(row.half_spread, row.average_range),
        status=row.status,
        reserved=row.reserved,
        active_from=row.active_from or row.created_at,
        stop=Stop(row.stop_loss, row.stop_reason),
        trail=_trail(row),
        brackets=row.brackets,
        funding=_funding(row.funding),
        held_from=row.held_from,
        entry=_entry(row),
        exits=tuple(map(_exit, row.exits)),
        cancelled_for=row.exit_reason if row.status is TradeStatus.CANCELLED else None,
        profit_loss=row.profit_loss,
        ambiguous=row.ambiguous,
        version=row.version,
        excursion=_excursion(row),
        void_reason=row.void_reason,
    )
    return Stored(trade, _command(row), row.updated_at)


def _trail(row: _Row) -> Trail | None:
    if row.trail_level is None:
        return None
    assert row.trail_step is not None
    return Trail(row.trail_level, row.trail_step)


def _excursion(row: _Row) -> Excursion | None:
    if row.mae is None:
        return None
    assert row.mfe is not None
    return Excursion(row.mae, row.mfe)


def _entry(row: _Row) -> Fill | None:
    if row.entry_time is None:
        return None
    assert row.entry_price is not None
    assert row.entry_role is not None
    assert row.entry_fee is not None
    assert row.entry_evidence is not None
    return Fill(row.entry_time, row.entry_price, row.entry_role, row.entry_fee, row.entry_evidence)


def _funding(told: _Funding | None) -> Funding:
    return NO_FUNDING if told is None else Funding(told.settlements, told.carried, told.due)


def _exit(told: _Exit) -> Exit:
    fill = Fill(told.time, told.price, told.role, told.fee, told.evidence)
    return Exit(told.reason, told.quantity, fill, told.gross, told.cap, told.funding)


def _command(row: _Row) -> Command | None:
    if row.command_kind is None:
        return None
    assert row.command_at is not None
    return Command(
        kind=row.command_kind,
        at=row.command_at,
        bid=row.command_bid,
        ask=row.command_ask,
        fraction=row.command_fraction,
        stop_loss=row.command_stop_loss,
        targets=row.command_targets,
    )


async def next_ids(connection: Connection, count: int) -> list[int]:
    """`count` fresh trade ids."""
    cursor = await connection.execute(
        "SELECT nextval(pg_get_serial_sequence('trades', 'id')) FROM generate_series(1, %s)", [count]
    )
    return [row[0] for row in await cursor.fetchall()]


async def any_of(connection: Connection, account_id: int) -> bool:
    """Whether the account has ever had a trade."""
    cursor = await connection.execute("SELECT EXISTS (SELECT FROM trades WHERE account_id = %s)", [account_id])
    row = await cursor.fetchone()
    return bool(row and row[0])
