"""Signals as stored: intake, what is known already, and the states they move to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from services.db.pool import Connection
from services.domain.market import Market
from services.domain.plan import Direction, EntryType, Rules
from services.domain.signal import Exit, Intent, Level, SignalAction, SignalStatus

_levels = msgspec.json.Decoder(tuple[Level, ...]).decode
_rules = msgspec.json.Decoder(Rules).decode
_numbers = msgspec.json.Decoder(dict[str, str]).decode


class SignalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A new signal as it is inserted. `intent` is None only of one that is REJECTED for what it says."""

    id: int
    source_id: int
    key: str | None
    content_hash: bytes
    payload: bytes
    instrument_id: int | None
    intent: Intent | Exit | None
    status: SignalStatus
    signal_time: datetime
    expires_at: datetime
    code: str | None = None
    reason: str | None = None
    field: str = ""
    numbers: Mapping[str, str] = {}


class SignalView(msgspec.Struct, frozen=True, kw_only=True):
    """One signal. What it says is null where it was REJECTED for what it said.

    code and reason tell why it is REJECTED or EXPIRED, field and numbers what at; signal_time and expires_at are of
    the exchange's clock, received_at and updated_at of ours. entry_type is null where the source leaves it open;
    direction of an EXIT where both sides end.
    """

    id: int
    source_id: int
    source: str
    status: SignalStatus
    market_type: Market | None
    symbol: str | None
    action: SignalAction
    direction: Direction | None
    entry_type: EntryType | None
    entry_price: Decimal | None
    stop_loss: Decimal | None
    stop_loss_percent: Decimal | None
    take_profits: tuple[Level, ...]
    rules: Rules
    leverage: int | None
    position_size: Decimal | None
    timeframe: str
    strategy: str
    confidence: Decimal | None
    notes: str
    code: str | None
    reason: str | None
    field: str
    numbers: dict[str, str]
    idempotency_key: str | None
    signal_time: datetime
    expires_at: datetime
    received_at: datetime
    updated_at: datetime


_VIEW = """g.id, g.source_id, o.name, g.status, i.market, i.symbol, g.action, g.direction, g.entry_type, g.entry_price,
g.stop_loss, g.stop_loss_percent, g.targets::text, g.rules::text, g.leverage, g.position_size, g.timeframe, g.strategy,
g.confidence, g.notes, g.code, g.reason, g.field, g.numbers::text, g.idempotency_key, g.signal_time, g.expires_at,
g.received_at, g.updated_at"""
_FROM = "FROM signals g JOIN sources o ON o.id = g.source_id LEFT JOIN instruments i ON i.id = g.instrument_id"


_AT_INTAKE = "(status = 'REJECTED' AND code <> 'no_account_took_it')"


async def next_ids(connection: Connection, count: int) -> list[int]:
    """`count` fresh signal ids."""
    cursor = await connection.execute(
        "SELECT nextval(pg_get_serial_sequence('signals', 'id')) FROM generate_series(1, %s)", [count]
    )
    return [row[0] for row in await cursor.fetchall()]


class Known(msgspec.Struct, frozen=True):
    """A signal that is there. `refused` is the rule for which intake refused it: nothing will ever come of it."""

    id: int
    content_hash: bytes
    refused: str | None


async def by_keys(connection: Connection, source_id: int, keys: Sequence[str]) -> dict[str, Known]:
    """By idempotency key, the source's signal that has it."""
    if not keys:
        return {}
    cursor = await connection.execute(
        f"""SELECT idempotency_key, id, content_hash, CASE WHEN {_AT_INTAKE} THEN code END FROM signals
            WHERE source_id = %s AND idempotency_key = ANY(%s)""",
        [source_id, list(keys)],
    )
    return {key: Known(id_, bytes(hashed), refused) for key, id_, hashed, refused in await cursor.fetchall()}


async def by_content(
    connection: Connection, source_id: int, hashes: Sequence[bytes], window: timedelta
) -> dict[bytes, Known]:
    """By content hash, the source's newest signal that says the same and was received within `window`.

    One that intake refused only where there is no other. An EXIT before an ENTRY on the pair is none of them: said
    again it ends something else.
    """
    if not hashes or not window:
        return {}
    cursor = await connection.execute(
        f"""SELECT DISTINCT ON (content_hash) content_hash, id, CASE WHEN {_AT_INTAKE} THEN code END FROM signals g
           WHERE source_id = %s AND content_hash = ANY(%s::bytea[]) AND received_at > clock_timestamp() - %s
               AND NOT (action = 'EXIT' AND EXISTS (SELECT FROM signals e WHERE e.source_id = g.source_id
                   AND e.instrument_id = g.instrument_id AND e.action = 'ENTRY' AND e.id > g.id))
           ORDER BY content_hash, {_AT_INTAKE}, received_at DESC""",
        [source_id, list(hashes), window],
    )
    return {bytes(hashed): Known(id_, bytes(hashed), refused) for hashed, id_, refused in await cursor.fetchall()}


async def insert(connection: Connection, rows: Sequence[SignalRow]) -> None:
    """Store new signals with what was received. A key that a refused one has goes to the new one."""
    if not rows:
        return
    await connection.execute(
        f"""UPDATE signals g SET idempotency_key = NULL FROM unnest(%s::bigint[], %s::text[]) AS v(source_id, key)
            WHERE g.source_id = v.source_id AND g.idempotency_key = v.key AND {_AT_INTAKE}""",
        [[row.source_id for row in rows], [row.key for row in rows]],
    )
    await connection.execute(_INSERT, [msgspec.json.encode([_columns(row) for row in rows]).decode()])
    await connection.execute(
        "INSERT INTO signal_payloads (signal_id, payload) SELECT * FROM unnest(%s::bigint[], %s::bytea[])",
        [[row.id for row in rows], [row.payload for row in rows]],
    )


async def view(connection: Connection, ids: Iterable[int]) -> dict[int, SignalView]:
    """The signals with these ids, as people read them."""
    cursor = await connection.execute(f"SELECT {_VIEW} {_FROM} WHERE g.id = ANY(%s)", [list(ids)])
    return {row[0]: _seen(row) for row in await cursor.fetchall()}


async def payload(connection: Connection, signal_id: int) -> bytes | None:
    """What was received, to the byte; None once it is too old."""
    cursor = await connection.execute("SELECT payload FROM signal_payloads WHERE signal_id = %s", [signal_id])
    row = await cursor.fetchone()
    return None if row is None else bytes(row[0])


async def cancel(connection: Connection, signal_id: int) -> bool:
    """Move an ACTIVE signal to CANCELLED; False when it is in another state."""
    cursor = await connection.execute(
        """UPDATE signals SET status = 'CANCELLED', updated_at = clock_timestamp()
           WHERE id = %s AND status = 'ACTIVE'""",
        [signal_id],
    )
    return cursor.rowcount == 1


def intent_of_row(view_: SignalView) -> Intent:
    """What a whole ENTRY says."""
    assert view_.action is SignalAction.ENTRY
    assert view_.direction is not None
    return Intent(
        direction=view_.direction,
        entry_type=view_.entry_type,
        entry_price=view_.entry_price,
        stop_loss=view_.stop_loss,
        stop_loss_percent=view_.stop_loss_percent,
        targets=view_.take_profits,
        rules=view_.rules,
        leverage=view_.leverage,
        position_size=view_.position_size,
        timeframe=view_.timeframe,
        strategy=view_.strategy,
        confidence=view_.confidence,
        notes=view_.notes,
    )


def _columns(row: SignalRow) -> dict[str, object]:
    intent = row.intent
    told = {} if intent is None else msgspec.structs.asdict(intent)
    if isinstance(intent, Exit):
        told |= {"action": SignalAction.EXIT, "targets": (), "rules": Rules()}
    return {
        "id": row.id,
        "source_id": row.source_id,
        "idempotency_key": row.key,
        "content_hash": f"\\x{row.content_hash.hex()}",
        "instrument_id": row.instrument_id,
        **told,
        "status": row.status,
        "code": row.code,
        "reason": row.reason,
        "field": row.field,
        "numbers": row.numbers,
        "signal_time": row.signal_time,
        "expires_at": row.expires_at,
    }


def _seen(row: Sequence[Any]) -> SignalView:
    (
        id_, source_id, source, status, market, symbol, action, direction, entry_type, entry_price,
        stop_loss, stop_loss_percent, targets, rules, leverage, position_size, timeframe, strategy,
        confidence, notes, code, reason, field, numbers, key, signal_time, expires_at, received_at, updated_at,
    ) = row  # fmt: skip
    return SignalView(
        id=id_,
        source_id=source_id,
        source=source,
        status=SignalStatus(status),
        market_type=None if market is None else Market(market),
        symbol=symbol,
        action=SignalAction(action),
        direction=None if direction is None else Direction(direction),
        entry_type=None if entry_type is None else EntryType(entry_type),
        entry_price=entry_price,
        stop_loss=stop_loss,
        stop_loss_percent=stop_loss_percent,
        take_profits=_levels(targets) if targets else (),
        rules=_rules(rules) if rules else Rules(),
        leverage=leverage,
        position_size=position_size,
        timeframe=timeframe,
        strategy=strategy,
        confidence=confidence,
        notes=notes,
        code=code,
        reason=reason,
        field=field,
        numbers=_numbers(numbers),
        idempotency_key=key,
        signal_time=signal_time,
        expires_at=expires_at,
        received_at=received_at,
        updated_at=updated_at,
    )


_INSERT = """
INSERT INTO signals (id, source_id, idempotency_key, content_hash, instrument_id, action, direction, entry_type,
    entry_price, stop_loss, stop_loss_percent, targets, rules, leverage, position_size, timeframe, strategy,
    confidence, notes, status, code, reason, field, numbers, signal_time, expires_at)
SELECT id, source_id, idempotency_key, content_hash, instrument_id, coalesce(action, 'ENTRY'), direction, entry_type,
    entry_price, stop_loss, stop_loss_percent, targets, rules, leverage, position_size, coalesce(timeframe, ''),
    coalesce(strategy, ''), confidence, coalesce(notes, ''), status, code, reason, field, numbers, signal_time,
    expires_at
FROM json_to_recordset(%s::json) AS v(id bigint, source_id bigint, idempotency_key text, content_hash bytea,
    instrument_id int, action text, direction text, entry_type text, entry_price numeric, stop_loss numeric,
    stop_loss_percent numeric, targets jsonb, rules jsonb, leverage int, position_size numeric, timeframe text,
    strategy text, confidence numeric, notes text, status text, code text, reason text, field text, numbers jsonb,
    signal_time timestamptz, expires_at timestamptz)
"""
