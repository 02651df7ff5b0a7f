"""Trades as stored: rows to domain values. The writing side is `services.db.settlement`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from services.db import instruments
from services.db.pool import Connection
from services.domain.brackets import Brackets
from services.domain.command import Command, CommandKind
from services.domain.fees import FeeRates, Role
from services.domain.fills import FillModel, Slippage
from services.domain.funding import NO_FUNDING, Funding
from services.domain.market import Instrument
from services.domain.plan import Direction, EntryType, Plan, Rules, Target
from services.domain.trade import Evidence, Excursion, Exit, Fill, Label, Reason, Stop, Trade, TradeStatus, Trail

_COLUMNS = """t.id, t.account_id, t.instrument_id, t.direction, t.entry_type, t.limit_price, t.initial_stop,
t.targets::text, t.rules::text, t.position_size, t.leverage, t.quantity, t.maker_rate, t.taker_rate, t.fill_model,
t.half_spread, t.average_range, t.status, t.reserved, t.ambiguous, t.version, t.created_at, t.source, t.notes,
t.signal_id, t.stop_loss, t.stop_reason, t.trail_level, t.trail_step, t.exit_reason, t.profit_loss,
t.entry_time, t.entry_price, t.entry_role, t.entry_fee, t.entry_evidence::text,
(SELECT json_agg(json_build_array(e.reason, e.quantity::text,
    json_build_array(e.time, e.price::text, e.role, e.fee::text, e.evidence),
    e.gross::text, e.cap::text, e.funding::text) ORDER BY part)
 FROM trade_exits e WHERE e.trade_id = t.id)::text,
l.active_from, l.held_from, t.updated_at, t.brackets::text, f.funding::text,
t.mae, t.mfe, CASE t.status WHEN 'VOIDED' THEN (SELECT v.reason FROM voids v WHERE v.trade_id = t.id) END,
c.kind, c.at, c.bid, c.ask, c.fraction, c.stop_loss, c.targets::text"""
_COMMAND, _INSTRUMENT = 45, 52
"""Where the columns of the command begin, and those of the instrument where it is read as well."""

_TOTAL = "(SELECT s.total FROM funding_settlements s WHERE s.instrument_id = t.instrument_id AND s.time"
_LAST = "ORDER BY s.time DESC LIMIT 1)"

_FROM = f"""
FROM trades t LEFT JOIN live_triggers l ON l.trade_id = t.id LEFT JOIN trade_commands c ON c.trade_id = t.id
LEFT JOIN LATERAL (
    SELECT greatest(t.entry_time, (SELECT max(e.time) FROM trade_exits e WHERE e.trade_id = t.id)) AS booked
) b ON l.trade_id IS NOT NULL
LEFT JOIN LATERAL (
    SELECT json_build_array(
        (SELECT coalesce(json_agg(json_build_array(s.time, s.amount::text) ORDER BY s.time), '[]')
         FROM funding_settlements s
         WHERE s.instrument_id = t.instrument_id AND s.time >= greatest(b.booked, %(since)s)),
        CASE WHEN b.booked < %(since)s THEN (
            SELECT coalesce({_TOTAL} < %(since)s {_LAST}, 0) - coalesce({_TOTAL} < b.booked {_LAST}, 0)
        ) ELSE 0 END::text,
        k.due) AS funding
    FROM funding_clocks k WHERE k.instrument_id = t.instrument_id
) f ON l.trade_id IS NOT NULL
"""
_LOAD = f"SELECT {_COLUMNS} {_FROM} WHERE t.id = ANY(%(ids)s) ORDER BY t.id"
_LOAD_ONE = f"""SELECT {_COLUMNS}, {instruments.COLUMNS} {_FROM}
JOIN instruments i ON i.id = t.instrument_id WHERE t.id = %(id)s"""

_brackets = msgspec.json.Decoder(Brackets).decode
_evidence = msgspec.json.Decoder(Evidence).decode
_targets = msgspec.json.Decoder(tuple[Target, ...]).decode
_rules = msgspec.json.Decoder(Rules).decode


# Looked up, not called: of a hundred trades the calls would take a millisecond.
_STATUSES = {each.value: each for each in TradeStatus}
_DIRECTIONS = {each.value: each for each in Direction}
_ENTRY_TYPES = {each.value: each for each in EntryType}
_FILL_MODELS = {each.value: each for each in FillModel}
_REASONS = {each.value: each for each in Reason}
_ROLES = {each.value: each for each in Role}


class _StoredFunding(Funding, frozen=True, array_like=True):
    """Funding as an array."""


_funding = msgspec.json.Decoder(_StoredFunding).decode


class _StoredFill(Fill, frozen=True, array_like=True):
    """A fill as an array."""


class _StoredExit(msgspec.Struct, frozen=True, array_like=True):
    """An exit as an array."""

    reason: Reason
    quantity: Decimal
    fill: _StoredFill
    gross: Decimal
    cap: Decimal
    funding: Decimal


_exits = msgspec.json.Decoder(list[_StoredExit]).decode


class Stored(msgspec.Struct, frozen=True):
    """A trade as the database holds it, with the command that waits for it, if one does."""

    trade: Trade
    command: Command | None
    updated_at: datetime


async def load(
    connection: Connection,
    ids: Iterable[int],
    known: Mapping[int, Instrument] | None = None,
    since: datetime | None = None,
) -> list[Stored]:
    """The trades with these ids, by id. `known` instruments save a look-up where the caller has them all.

    Settlements of funding before `since` come as their sum: nothing will happen to the trades before it.
    """
    cursor = await connection.execute(_LOAD, {"ids": list(ids), "since": since}, binary=True)
    rows = await cursor.fetchall()
    known = known or await instruments.by_ids(connection, {row[2] for row in rows})
    return [_stored(row, known[row[2]]) for row in rows]


async def load_one(connection: Connection, id_: int) -> Stored | None:
    """The trade with this id, if there is one: in a single statement."""
    cursor = await connection.execute(_LOAD_ONE, {"id": id_, "since": None}, binary=True)
    row = await cursor.fetchone()
    return None if row is None else _stored(row, instruments.from_row(row[_INSTRUMENT:]))


def _stored(row: Sequence[Any], instrument: Instrument) -> Stored:
    (
        id_, account_id, _, direction, entry_type, limit_price, initial_stop,
        targets, rules, position_size, leverage, quantity, maker, taker, fill_model,
        half_spread, average_range, status, reserved, ambiguous, version, created_at, source, notes, signal_id,
        stop, stop_reason, trail_level, trail_step, exit_reason, profit_loss,
        *entry, exits, active_from, held_from, updated_at, brackets, funding, mae, mfe, void_reason,
    ) = row[:_COMMAND]  # fmt: skip
    status = _STATUSES[status]
    trade = Trade(
        id=id_,
        account_id=account_id,
        instrument=instrument,
        plan=Plan(
            direction=_DIRECTIONS[direction],
            entry_type=_ENTRY_TYPES[entry_type],
            limit_price=limit_price,
            stop_loss=initial_stop,
            targets=_targets(targets),
            position_size=position_size,
            leverage=leverage,
            rules=_rules(rules),
        ),
        label=Label(created_at, source, notes, signal_id),
        quantity=quantity,
        fees=FeeRates(maker, taker),
        fill_model=_FILL_MODELS[fill_model],
        slippage=Slippage(half_spread, average_range),
        status=status,
        reserved=reserved,
        active_from=active_from or created_at,
        stop=Stop(stop, _REASONS[stop_reason]),
        trail=None if trail_level is None else Trail(trail_level, trail_step),
        brackets=_brackets(brackets),
        funding=_funding_of(funding),
        held_from=held_from,
        entry=_fill(entry),
        exits=tuple(map(_exit, _exits(exits))) if exits else (),
        cancelled_for=_REASONS[exit_reason] if status is TradeStatus.CANCELLED else None,
        profit_loss=profit_loss,
        ambiguous=ambiguous,
        version=version,
        excursion=None if mae is None else Excursion(mae, mfe),
        void_reason=void_reason,
    )
    return Stored(trade, _command(row[_COMMAND:_INSTRUMENT]), updated_at)


def _fill(columns: Sequence[Any]) -> Fill | None:
    time, price, role, fee, evidence = columns
    return None if time is None else Fill(time, price, _ROLES[role], fee, _evidence(evidence))


def _funding_of(text: str | None) -> Funding:
    if text is None:
        return NO_FUNDING
    told = _funding(text)
    return Funding(told.settlements, told.carried, told.due)


def _exit(stored: _StoredExit) -> Exit:
    told = stored.fill
    time = told.time.astimezone(UTC)
    return Exit(
        stored.reason,
        stored.quantity,
        Fill(time, told.price, told.role, told.fee, told.evidence),
        stored.gross,
        stored.cap,
        stored.funding,
    )


def _command(columns: Sequence[Any]) -> Command | None:
    kind, at, bid, ask, fraction, stop_loss, targets = columns
    if kind is None:
        return None
    return Command(
        kind=CommandKind(kind),
        at=at,
        bid=bid,
        ask=ask,
        fraction=fraction,
        stop_loss=stop_loss,
        targets=_targets(targets) if targets else None,
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
