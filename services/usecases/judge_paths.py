"""Judge a batch of price paths: one transaction finds the trades they change, walks each, and writes it all.

The watermark rows are locked first, so everything that makes or changes a barrier waits its turn. A message twice,
late or out of order changes nothing: what was judged is cut off, and a path that does not reach back to the
watermark is refused and asked for again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from psycopg import errors

from services.db import clock, settlement, trades, triggers, watermarks
from services.db.pool import Connection, Pool
from services.db.settlement import StateMoved
from services.db.triggers import Span
from services.db.watermarks import Watermark
from services.domain.changes import Change
from services.domain.fills import next_average_range
from services.domain.judge import Need
from services.domain.path import Bar, Finer, Path
from services.domain.walk import walk
from services.usecases.tell_settled import tell_settled

CHANGES_MAX = 500
_ATTEMPTS = 5
_RETRIED = (errors.DeadlockDetected, errors.SerializationFailure, StateMoved)

FinerData = Mapping[int, Mapping[datetime, Finer]]
"""What is known inside minutes, by instrument id and minute."""


class Judged(msgspec.Struct):
    """What a batch came to.

    needs    finer data without which trades are held, by instrument id
    gaps     instruments whose path did not reach back to their watermark
    streams  event streams that grew
    moved    where watermarks moved to, by instrument id
    """

    needs: dict[int, set[Need]] = msgspec.field(default_factory=dict)
    gaps: list[int] = msgspec.field(default_factory=list)
    streams: set[str] = msgspec.field(default_factory=set)
    moved: dict[int, datetime] = msgspec.field(default_factory=dict)
    opened: int = 0
    closed: int = 0

    def add(self, other: "Judged") -> None:
        """Take over what `other` changed; what it still waits for stays its own."""
        self.streams |= other.streams
        self.moved |= other.moved
        self.opened += other.opened
        self.closed += other.closed


async def judge_paths(pool: Pool, paths: Sequence[Path], finer: FinerData | None = None) -> Judged:
    """Judge `paths` (one an instrument) with the finer data at hand.

    At most 500 trades change in one transaction; the watermarks move in the last one. Deadlocks, serialization
    failures and trades that moved meanwhile are decided again, a bounded number of times.
    """
    batch = _Batch(paths, finer or {})
    async with pool.connection() as connection:
        failures = 0
        while not batch.done:
            try:
                await batch.transaction(connection)
            except _RETRIED:
                failures += 1
                if failures == _ATTEMPTS:
                    raise
                await connection.rollback()
    return batch.judged


class _Batch:
    """The transactions of one batch. `waiting` are candidates found but not yet walked."""

    def __init__(self, paths: Sequence[Path], finer: FinerData) -> None:
        self.paths = {path.instrument_id: path for path in paths}
        self.finer = finer
        self.judged = Judged()
        self.done = not paths
        self.walked: set[int] = set()
        self.waiting: list[int] = []

    async def transaction(self, connection: Connection) -> None:
        """One transaction: up to 500 candidates, or the rest and the watermarks."""
        marks = await watermarks.lock(connection, self.paths)
        paths = {id_: path for id_, path in self.paths.items() if id_ in marks and path.start <= marks[id_].judged_to}
        unmarked = {
            id_: path.end for id_, path in paths.items() if path.mark is None and path.end > marks[id_].judged_to
        }
        for id_ in await triggers.liquidable(connection, unmarked):
            del paths[id_]  # asked for before that trade was there: without its mark price
        self.judged.gaps = sorted(self.paths.keys() - paths.keys())
        last = not self.waiting
        found: list[int] = []
        if last:
            found = await find(connection, paths.values(), marks)
            self.waiting = [trade_id for trade_id in found if trade_id not in self.walked]
            last = len(self.waiting) <= CHANGES_MAX
        chunk, rest = self.waiting[:CHANGES_MAX], self.waiting[CHANGES_MAX:]
        if last:
            chunk = found  # walked ones again: between two transactions a command may have changed some
        decided = await decide(connection, chunk, paths, marks, self.finer)
        if last:
            moved = {id_: _moved(path, marks[id_]) for id_, path in paths.items() if path.end > marks[id_].judged_to}
            await watermarks.move(connection, moved)
            self.judged.moved |= {id_: mark.judged_to for id_, mark in moved.items()}
        if decided.changes:
            at = await clock.transaction_time(connection)
            self.judged.streams.update(await settlement.settle_and_commit(connection, decided.changes, at=at))
        else:  # as nearly always
            await connection.commit()
        opened, closed = tell_settled(decided.changes)
        self.judged.opened += opened
        self.judged.closed += closed
        for id_, need in decided.needs:
            self.judged.needs.setdefault(id_, set()).add(need)
        self.walked.update(chunk)
        self.waiting = rest
        self.done = last


class Decided(msgspec.Struct, frozen=True):
    """What the path does to the candidates, and what they wait for, by instrument id."""

    changes: list[Change]
    needs: list[tuple[int, Need]]


async def find(connection: Connection, paths: Iterable[Path], marks: Mapping[int, Watermark]) -> list[int]:
    """Ids, ascending, of the trades that the paths may change."""
    await triggers.plan_for_probes(connection)
    return await triggers.candidates(connection, [_span(path, marks[path.instrument_id]) for path in paths])


async def decide(
    connection: Connection,
    ids: Sequence[int],
    paths: Mapping[int, Path],
    marks: Mapping[int, Watermark],
    finer: FinerData,
) -> Decided:
    """Walk the candidates `ids` along their paths. Nothing is written."""
    decided = Decided([], [])
    if not ids:
        return decided
    await triggers.plan_normally(connection)
    since = min(path.start for path in paths.values())
    for stored in await trades.load(connection, ids, since):
        id_ = stored.trade.instrument.id
        change, need = _walk(stored, paths[id_], marks[id_].judged_to, finer.get(id_, {}))
        if need is not None:
            decided.needs.append((id_, need))
        if change is not None:
            decided.changes.append(change)
    return decided


def _walk(
    stored: trades.Stored, path: Path, judged_to: datetime, finer: Mapping[datetime, Finer]
) -> tuple[Change | None, Need | None]:
    """What the path does to one candidate, and what it waits for. None: nothing to write."""
    trade = stored.trade
    behind = path.end < judged_to
    if not trade.status.is_live or (behind and trade.held_from is None):
        return None, None
    if behind:
        path = msgspec.structs.replace(path, tail=None, mark_tail=None)
    walked = walk(trade, path, since=judged_to, finer=finer, command=stored.command)
    after = walked.trade
    if after.status.is_live and after.held_from is None:
        if behind:
            after = msgspec.structs.replace(after, held_from=max(path.end, trade.held_from or path.end))
        elif walked.steps:
            # Judged up to here: a later pass over the same bars must not meet the new state.
            after = msgspec.structs.replace(after, active_from=max(after.active_from, path.end))
    if after == trade and not walked.command_done:
        return None, walked.need
    waits = stored.command is not None and not walked.command_done and after.status.is_live
    change = Change(
        before=trade,
        after=after,
        steps=walked.steps,
        command_at=stored.command.at if waits and stored.command else None,
        command_done=stored.command is not None and not waits,
    )
    return change, walked.need


def _span(path: Path, mark: Watermark) -> Span:
    low, high = _range(path.bars, path.tail, path.end, mark)
    mark_low, mark_high = _range(path.mark or (), path.mark_tail, path.end, mark)
    return Span(path.instrument_id, low, high, path.end, mark_low, mark_high)


def _range(
    bars: Sequence[Bar], tail: Bar | None, end: datetime, mark: Watermark
) -> tuple[Decimal | None, Decimal | None]:
    """Lowest and highest price of what is not judged yet."""
    new = [bar for bar in bars if bar.open_time >= mark.judged_to]
    if tail is not None and end >= mark.judged_to:
        new.append(tail)
    return min((bar.low for bar in new), default=None), max((bar.high for bar in new), default=None)


def _moved(path: Path, mark: Watermark) -> Watermark:
    average: Decimal = mark.average_range
    close = mark.last_close
    for bar in path.bars:
        if bar.open_time >= mark.judged_to:
            average = next_average_range(average, bar.high, bar.low, bar.close)
            close = bar.close
    return Watermark(path.end, average, close)
