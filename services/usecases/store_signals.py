"""Store signals of one source: checked, deduplicated, with their events. Every way in ends here.

    stored = await store_signals(services, source_id, [Incoming(payload, signal=NewSignal(...), key="..."), ...])

One answer for each that came in, in order. Nothing is lost: what breaks a rule is stored too, as REJECTED with the
rule's name. `ensure_source` (services.usecases.sources) gives the id of a source by its name, made at first use.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from services.coordination import doorbell, task_queue
from services.db import instruments, signals, sources
from services.db.pool import Connection
from services.db.signals import Known, SignalRow, SignalView
from services.db.sources import Source
from services.domain.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable
from services.domain.market import Instrument, Market
from services.domain.signal import Exit, Intent, NewSignal, SignalStatus, lifetime_of, meaning_of
from services.usecases.context import Services
from services.usecases.signal_wish import check_on

BATCH_MAX = 1000
CLOCK_SECONDS = 0.05
"""How long intake waits for the exchange's clock, which is asked for in the background all the same."""
TRADE_QUEUE, TRADE_TASK = "signals", "trade_signals"
"""The actor that trades ACTIVE signals; see `workers.actors`."""
TRADE_TASK_AGE_MAX = timedelta(minutes=1)


class Incoming(msgspec.Struct, frozen=True):
    """What came in: the bytes received (kept 90 days), and the signal they mean, or the rule they break.

    payload  at most 64 KiB; a program that has no bytes leaves it empty, then the signal as JSON is kept
    key      idempotency key: the source's signal with this key is made once, whenever it comes again. Without one,
             the same content within the source's `dedup_seconds` is the same signal
    before   an EXIT that was said with it and comes right before it: made when it is made, and never alone
    """

    payload: bytes
    signal: NewSignal | None = None
    refused: Refused | None = None
    key: str | None = None
    before: NewSignal | None = None


class StoredSignal(msgspec.Struct, frozen=True):
    """The signal as it stands now; `repeated` when an earlier one had made it."""

    signal: SignalView
    repeated: bool


async def store_signals(services: Services, source_id: int, incoming: Sequence[Incoming]) -> list[StoredSignal]:
    """Store at most BATCH_MAX signals in one transaction; then have the ACTIVE ones traded at once.

    A key used before for another content is REJECTED (idempotency_key_reused), so that nothing is lost. Raises
    NotFound when there is no such source.
    """
    assert len(incoming) <= BATCH_MAX
    now = await exchange_times(services)
    async with services.pool.connection() as connection:
        source = (await sources.load(connection, [source_id])).get(source_id)
        if source is None:
            raise NotFound("no_such_source", f"there is no source {source_id}", field="source")
        ids, rows = await plan_rows(connection, source, incoming, now)
        await signals.insert(connection, rows)
        seen = await signals.view(connection, {*ids, *(row.id for row in rows)})
        actions = {SignalStatus.ACTIVE: "created", SignalStatus.REJECTED: "rejected", SignalStatus.EXPIRED: "expired"}
        streams = await sources.tell(connection, [(source_id, actions[row.status], seen[row.id]) for row in rows])
    await doorbell.ring(services.redis, streams)
    if source.settings.auto_trade and any(row.status is SignalStatus.ACTIVE for row in rows):
        await task_queue.hint(services.redis, TRADE_QUEUE, TRADE_TASK, max_age=TRADE_TASK_AGE_MAX)
    new, answers = {row.id for row in rows}, []
    for id_ in ids:
        answers.append(StoredSignal(seen[id_], id_ not in new))
        new.discard(id_)
    return answers


async def plan_rows(
    connection: Connection, source: Source, incoming: Sequence[Incoming], now: Mapping[Market, datetime]
) -> tuple[list[int], list[SignalRow]]:
    """The id of each one's signal, and the rows of those that are new, not yet written: then the source is locked."""
    listed = await _instruments(connection, incoming)
    drafts = [_judged(each, source, listed, now) for each in incoming]
    known = await _look_up(connection, source, drafts)
    if any(known.id_of(draft) is None for draft in drafts):
        await sources.lock(connection, source.id)
        known = await _look_up(connection, source, drafts)
    most = len(drafts) + sum(draft.before is not None for draft in drafts)
    return _rows(source, drafts, known, iter(await signals.next_ids(connection, most)))


class _Draft(msgspec.Struct, frozen=True):
    """A signal that is checked and has no id yet."""

    incoming: Incoming
    instrument_id: int | None
    intent: Intent | Exit | None
    signal_time: datetime
    expires_at: datetime
    now: datetime
    content_hash: bytes
    refused: Refused | None
    before: "_Draft | None" = None


_asking = set[asyncio.Task[datetime]]()


async def exchange_times(services: Services) -> dict[Market, datetime]:
    """The exchange's clocks. Intake does not wait for an exchange that is slow or away: then our own clock must do."""
    asked = {market: asyncio.create_task(_told(services, market)) for market in Market}
    _asking.update(asked.values())
    for task in asked.values():
        task.add_done_callback(_asking.discard)
    await asyncio.wait(asked.values(), timeout=CLOCK_SECONDS)
    return {market: task.result() if task.done() else datetime.now(UTC) for market, task in asked.items()}


async def _told(services: Services, market: Market) -> datetime:
    try:
        return await services.clock.now(market)
    except Unavailable:
        return datetime.now(UTC)


async def _instruments(connection: Connection, incoming: Sequence[Incoming]) -> dict[tuple[Market, str], Instrument]:
    found = {}
    for market in Market:
        symbols = {each.signal.symbol for each in incoming if each.signal and each.signal.market_type is market}
        symbols = {symbol for symbol in symbols if "\x00" not in symbol}
        if symbols:
            for instrument in await instruments.by_symbols(connection, market, symbols):
                found[market, instrument.symbol] = instrument
    return found


def _judged(
    incoming: Incoming, source: Source, listed: dict[tuple[Market, str], Instrument], now: Mapping[Market, datetime]
) -> _Draft:
    signal = incoming.signal
    if signal is None:
        assert incoming.refused is not None
        at = now[Market.SPOT]
        hashed = hashlib.sha256(incoming.payload).digest()
        return _Draft(incoming, None, None, at, at, at, hashed, incoming.refused)
    at = now[signal.market_type]
    said = signal if incoming.before is None else [incoming.before, signal]
    hashed = hashlib.sha256(msgspec.json.encode(said, order="deterministic")).digest()
    before = None
    if incoming.before is not None:
        before = _judged(Incoming(incoming.payload, incoming.before), source, listed, now)
    try:
        instrument = listed.get((signal.market_type, signal.symbol))
        if instrument is None:
            raise InvalidInput(
                "unknown_symbol", f"{signal.market_type} lists no {signal.symbol[:80]!r}", field="symbol"
            )
        intent = meaning_of(signal, source.settings)
        life = lifetime_of(signal, source.settings, at)
        if isinstance(intent, Intent):
            check_on(intent, instrument, source.settings)
    except Refused as refused:
        return _Draft(incoming, None, None, at, at, at, hashed, refused, before)
    return _Draft(incoming, instrument.id, intent, life.signal_time, life.expires_at, at, hashed, None, before)


class _There(msgspec.Struct, frozen=True):
    """Signals of the source that are there already."""

    by_key: dict[str, Known]
    by_content: dict[bytes, Known]

    def id_of(self, draft: _Draft) -> int | None:
        """The signal that the draft repeats. One that was refused is repeated only by what is refused alike."""
        key = draft.incoming.key
        known = self.by_content.get(draft.content_hash) if key is None else self.by_key.get(key)
        if known is None or known.content_hash != draft.content_hash:
            return None
        if known.refused is not None and (draft.refused is None or draft.refused.code != known.refused):
            return None
        return known.id

    def is_taken(self, key: str) -> bool:
        """Whether the key belongs to a signal that something has come of, or may."""
        return key in self.by_key and self.by_key[key].refused is None

    def learn(self, row: SignalRow, *, by_content: bool) -> None:
        """One more, of the batch that is being looked at."""
        refused = row.code if row.status is SignalStatus.REJECTED else None
        if by_content and (refused is None or row.content_hash not in self.by_content):
            self.by_content[row.content_hash] = Known(row.id, row.content_hash, refused)
        if row.key is not None:  # refused or not: rows of one batch cannot share a key
            self.by_key[row.key] = Known(row.id, row.content_hash, None)


async def _look_up(connection: Connection, source: Source, drafts: Sequence[_Draft]) -> _There:
    window = timedelta(seconds=source.settings.dedup_seconds)
    keys = {draft.incoming.key for draft in drafts if draft.incoming.key is not None}
    hashes = {draft.content_hash for draft in drafts if draft.incoming.key is None}
    return _There(
        await signals.by_keys(connection, source.id, sorted(keys)),
        await signals.by_content(connection, source.id, sorted(hashes), window),
    )


def _rows(
    source: Source, drafts: Sequence[_Draft], known: _There, fresh: Iterator[int]
) -> tuple[list[int], list[SignalRow]]:
    ids, rows, exits = [], [], dict[int | None, set[bytes]]()
    for draft in drafts:
        if isinstance(draft.intent, Exit):
            exits.setdefault(draft.instrument_id, set()).add(draft.content_hash)
    for draft in drafts:
        id_, key = known.id_of(draft), draft.incoming.key
        if id_ is not None:
            ids.append(id_)
            continue
        if key is not None and known.is_taken(key):
            draft, key = _reused(draft, key), None
        if draft.before is not None:
            rows.append(_row(next(fresh), source.id, None, draft.before))
        row = _row(next(fresh), source.id, key, draft)
        ids.append(row.id)
        rows.append(row)
        if isinstance(draft.intent, Intent):  # an EXIT that comes after it ends something else than one before
            for content_hash in exits.get(draft.instrument_id, ()):
                known.by_content.pop(content_hash, None)
        known.learn(row, by_content=source.settings.dedup_seconds > 0)
    return ids, rows


def _reused(draft: _Draft, key: str) -> _Draft:
    refused = Conflict(
        "idempotency_key_reused", f"the key {key!r} was used for a different signal", field="Idempotency-Key"
    )
    return msgspec.structs.replace(draft, refused=refused, before=None)


def _row(id_: int, source_id: int, key: str | None, draft: _Draft) -> SignalRow:
    status, code, reason, field, numbers = SignalStatus.ACTIVE, None, None, "", {}
    refused = draft.refused or _too_late(draft)
    if refused is not None:
        status = SignalStatus.EXPIRED if draft.refused is None else SignalStatus.REJECTED
        code, numbers = refused.code, {name: _storable(text, 1000) for name, text in refused.numbers.items()}
        reason, field = _storable(refused.message, 1000), _storable(refused.field, 200)
    return SignalRow(
        id=id_,
        source_id=source_id,
        key=key,
        content_hash=draft.content_hash,
        payload=_payload(draft.incoming),
        instrument_id=draft.instrument_id,
        intent=draft.intent,
        status=status,
        signal_time=draft.signal_time,
        expires_at=draft.expires_at,
        code=code,
        reason=reason,
        field=field,
        numbers=numbers,
    )


def _payload(incoming: Incoming) -> bytes:
    if incoming.payload or incoming.signal is None:
        return incoming.payload
    return msgspec.json.encode(incoming.signal)


def _too_late(draft: _Draft) -> Conflict | None:
    """Why a sound signal is EXPIRED as it arrives."""
    if draft.now < draft.expires_at:
        return None
    return too_late(draft.signal_time, draft.expires_at, draft.now)


def too_late(signal_time: datetime, expires_at: datetime, now: datetime) -> Conflict:
    """The refusal of a signal that may no longer be traded, with the seconds behind it."""
    age, most = (now - signal_time).total_seconds(), (expires_at - signal_time).total_seconds()
    return Conflict(
        "signal_expired",
        f"the signal is {age:.0f} s old, it may be traded until {most:.0f} s after it arose",
        numbers={"age_seconds": round(age, 3), "max_seconds": round(most, 3)},
    )


def _storable(text: str, longest: int) -> str:
    """What a refusal says, which may repeat what somebody sent: PostgreSQL takes no NUL."""
    return text[:longest].replace("\x00", "\ufffd")
