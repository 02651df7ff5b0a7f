"""Plays a story on a desk: people act at their instants, messages are fetched and delivered as a schedule says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from services.db import clock, commands, minute_bars, settlement, trades, watermarks
from services.domain.changes import Change
from services.domain.command import applies, apply
from services.domain.judge import Need
from services.domain.market import Instrument
from services.domain.path import MINUTE, Finer, Path, Resolution, floor_minute
from services.usecases.act_at_once import is_open_question
from services.usecases.judge_paths import FinerData, Judged, _Batch, judge_paths
from tests.evaluation.desk import Desk
from tests.evaluation.story import MINUTES, PLACES, SLIPPAGE, SPREAD, Order, Story, Wish

ROUNDS_MAX = 40
SETTLED_AFTER = timedelta(milliseconds=500)
"""How long after its end a bar counts as closed: until then it is still the bar in progress of a fetch."""


@dataclass(frozen=True)
class Tick:
    ms: int


@dataclass(frozen=True)
class Fetch:
    """`shift` minutes earlier or later than needed; at most `minutes_max` long.

    From the watermark, or from the oldest minute that a held trade waits for.
    """

    places: frozenset[int]
    minutes_max: int
    tail: bool
    shift: int
    for_held: bool = True


@dataclass(frozen=True)
class Deliver:
    """The message `back` from the newest; it stays in the inbox. Finer data fails with `failing` chance.

    With `dies_after` the worker dies after that many transactions, without finer data.
    """

    back: int
    failing: float
    seconds_first: bool
    dies_after: int | None = None


Op = Tick | Fetch | Deliver

CLEAN: tuple[Op, ...] = (Tick(60_000), Fetch(frozenset(range(3)), 60, False, 0), Deliver(0, 0, True)) * MINUTES


def schedules(tails: bool = True) -> st.SearchStrategy[list[Op]]:
    fetches = st.builds(
        Fetch,
        st.frozensets(st.integers(0, len(PLACES) - 1), min_size=1),
        st.sampled_from([1, 2, 3, 60]),
        st.booleans() if tails else st.just(False),
        st.sampled_from([-3, -1, 0, 0, 0, 1]),
        st.booleans(),
    )
    delivers = st.builds(
        Deliver,
        st.sampled_from([0, 0, 1, 2, 5]),
        st.sampled_from([0.0, 0.0, 0.5, 1.0]),
        st.booleans(),
        st.sampled_from([None, None, None, 1, 2]),
    )
    ticks = st.builds(Tick, st.one_of(st.integers(0, 20_000), st.sampled_from([60_000, 180_000])))
    return st.lists(st.one_of(ticks, fetches, fetches, delivers, delivers), min_size=4, max_size=40)


class Player:
    """One telling of `story` with instruments and accounts of its own. `trades` are ids, by wish."""

    def __init__(self, desk: Desk, story: Story, instruments: Sequence[Instrument], accounts: Sequence[int]) -> None:
        self.desk, self.story, self.instruments, self.accounts = desk, story, instruments, accounts
        self.tapes = {each.id: tape for each, tape in zip(instruments, story.tapes, strict=True)}
        self.now = min(tape.prints[0].time for tape in story.tapes)
        self.now = floor_minute(self.now)
        self.inbox: list[list[Path]] = []
        self.trades: dict[int, int] = {}
        self.random = Random(0)
        events: list[tuple[datetime, int, Wish, Order | None]] = []
        for number, wish in enumerate(story.wishes):
            events.append((wish.at, number, wish, None))
            events += [(order.command.at, number, wish, order) for order in wish.orders]
        # Sorting is stable: a trade opens before its commands.
        self.events = sorted(events, key=lambda event: event[0])

    async def play(self, schedule: Iterable[Op]) -> None:
        """Everything of the schedule, the rest of the story, and then whatever is still to be judged."""
        for op in schedule:
            if isinstance(op, Tick):
                await self._advance(min(self.now + timedelta(milliseconds=op.ms), self.story.end))
            elif isinstance(op, Fetch):
                await self._fetch(op)
            elif self.inbox:
                message = self.inbox[max(len(self.inbox) - 1 - op.back, 0)]
                if op.dies_after is None:
                    await self._deliver(message, op.failing, op.seconds_first)
                else:
                    await self._deliver_and_die(message, op.dies_after)
        await self._advance(self.story.end)
        self.now += SETTLED_AFTER
        await self._drain(self.instruments)

    async def _advance(self, to: datetime) -> None:
        while self.events and self.events[0][0] <= to:
            self.now, number, wish, order = self.events.pop(0)
            if order is None:
                await self._open(number, wish)
            else:
                await self._command(self.trades[number], wish, order)
        self.now = to

    async def _open(self, number: int, wish: Wish) -> None:
        trade = await self.desk.add(
            self.instruments[wish.place],
            wish.direction,
            stop=str(wish.stop),
            target=str(wish.target),
            limit=None if wish.limit is None else str(wish.limit),
            quote=(str(wish.last), str(wish.last + SPREAD)),
            at=wish.at,
            model=wish.model,
            slippage=SLIPPAGE,
            account_id=self.accounts[wish.account],
            leverage=wish.leverage,
            skip_idle=True,
        )
        self.trades[number] = trade.id

    async def _command(self, trade_id: int, wish: Wish, order: Order) -> None:
        """As a user's command: one at a time; judged to its instant first if it is to act at once."""
        instrument = self.instruments[wish.place]
        async with self.desk.pool.connection() as connection:
            waiting = (await trades.load(connection, [trade_id]))[0].command
        if waiting is not None:
            await self._drain([instrument])
        path = None
        if order.at_once and floor_minute(self.now) not in self.tapes[instrument.id].no_prints:
            [path] = await self._paths([instrument], 60, tail=True)
            await self._deliver([path], 0.3, True)
        async with self.desk.pool.connection() as connection:
            mark = (await watermarks.lock(connection, [instrument.id]))[instrument.id]
            stored = (await trades.load(connection, [trade_id]))[0]
            assert order.command.at >= max(mark.judged_to, stored.trade.active_from)
            if not stored.trade.status.is_live or stored.command is not None:
                return
            if path is None or is_open_question(stored.trade, path, order.command):
                assert await commands.accept(connection, {trade_id: order.command})
            elif applies(stored.trade, order.command):
                after = apply(stored.trade, order.command)
                change = Change(before=stored.trade, after=after, steps=(after,))
                at = await clock.transaction_time(connection)
                await settlement.settle_and_commit(connection, [change], at=at)

    async def _fetch(self, op: Fetch) -> None:
        instruments = [self.instruments[place] for place in sorted(op.places)]
        paths = await self._paths(instruments, op.minutes_max, tail=op.tail, shift=op.shift, for_held=op.for_held)
        self.inbox.append(paths)

    async def _paths(
        self,
        instruments: Sequence[Instrument],
        minutes_max: int,
        *,
        tail: bool,
        shift: int = 0,
        for_held: bool = True,
    ) -> list[Path]:
        async with self.desk.pool.connection() as connection:
            cursor = await connection.execute(_STARTS, [for_held, [each.id for each in instruments]])
            starts = await cursor.fetchall()
        known_to = floor_minute(self.now - SETTLED_AFTER)
        found = []
        for id_, start in starts:
            begin = min(start + shift * MINUTE, known_to) if shift else start
            end = max(begin, min(known_to, begin + minutes_max * MINUTE))
            tail_at = self.now if tail and end >= known_to else None
            found.append(self.tapes[id_].path(id_, begin, end, tail_at))
        async with self.desk.pool.connection() as connection:
            await minute_bars.store(connection, found)
        return found

    async def _deliver(self, paths: Sequence[Path], failing: float, seconds_first: bool) -> Judged:
        """Judge, fetch what is missing inside minutes, judge again; as long as something new is to be had."""
        finer: dict[int, dict[datetime, Finer]] = {}
        starts = {path.instrument_id: path.start for path in paths}
        judged = await self._judge(paths)
        for _ in range(ROUNDS_MAX):
            fresh: dict[int, dict[datetime, Finer]] = {}
            for id_, need in _wanted(judged, starts):
                if self.random.random() >= failing:
                    have = finer.get(id_, {}).get(need.minute)
                    fresh.setdefault(id_, {})[need.minute] = self._finer(id_, need, have, seconds_first)
            if not fresh:
                return judged
            for id_, minutes in fresh.items():
                finer.setdefault(id_, {}).update(minutes)
            judged = await self._judge([path for path in paths if path.instrument_id in fresh], finer)
        raise AssertionError(f"still waiting for {judged.needs}")

    async def _judge(self, paths: Sequence[Path], finer: FinerData | None = None) -> Judged:
        return await judge_paths(self.desk.pool, paths, finer)

    async def _deliver_and_die(self, paths: Sequence[Path], transactions: int) -> None:
        batch = _Batch(paths, {})
        async with self.desk.pool.connection() as connection:
            while not batch.done and transactions:
                await batch.transaction(connection)
                transactions -= 1

    def _finer(self, id_: int, need: Need, have: Finer | None, seconds_first: bool) -> Finer:
        tape = self.tapes[id_]
        if need.finer_than is None and (seconds_first or need.minute in tape.no_prints):
            seconds = tape.finer(need.minute, Resolution.SECONDS, self.now)
            if not seconds.gone:
                return seconds
        prints = tape.finer(need.minute, Resolution.PRINTS, self.now)
        if prints.gone and have is not None and have.bars:
            return Finer(have.resolution, have.bars, gone=True)
        return prints

    async def _drain(self, instruments: Sequence[Instrument]) -> None:
        """Fetch and deliver until everything up to now is judged and nothing is held."""
        for _ in range(ROUNDS_MAX):
            paths = await self._paths(instruments, self.random.choice((1, 2, 60)), tail=False)
            if all(path.start == path.end for path in paths):
                return
            judged = await self._deliver(paths, 0, True)
            assert not judged.gaps
        raise AssertionError("it never comes to an end")


def _wanted(judged: Judged, starts: Mapping[int, datetime]) -> Iterator[tuple[int, Need]]:
    for id_, needs in sorted(judged.needs.items()):
        for need in sorted(needs, key=lambda each: each.minute):
            if need.minute >= starts[id_]:
                yield id_, need


_STARTS = """
SELECT instrument_id, least(judged_to, (SELECT min(held_from) FROM live_triggers l
                                        WHERE l.instrument_id = w.instrument_id AND %s))
FROM watermarks w WHERE instrument_id = ANY(%s) ORDER BY instrument_id
"""

_OUTCOMES = """
SELECT t.*, (SELECT jsonb_object_agg(l.kind, l.amount::text) FROM ledger l WHERE l.trade_id = t.id) AS amounts,
    (SELECT jsonb_agg(jsonb_build_array(x.part, x.reason, x.price::text, x.quantity::text, x.role, x.fee::text,
        x.gross::text, date_trunc('minute', x.time)) ORDER BY x.part)
     FROM trade_exits x WHERE x.trade_id = t.id) AS exits,
    (SELECT x.evidence FROM trade_exits x WHERE x.trade_id = t.id ORDER BY x.part DESC LIMIT 1) AS exit_evidence,
    (SELECT jsonb_agg(jsonb_build_array(r.stop_loss::text, r.stop_reason, r.targets) ORDER BY r.version)
     FROM trade_revisions r WHERE r.trade_id = t.id) AS revisions,
    (SELECT jsonb_agg(jsonb_build_array(e.action, e.payload -> 'trade' ->> 'status') ORDER BY e.seq) FROM events e
     WHERE e.stream = 'a' || t.account_id AND (e.payload -> 'trade' ->> 'id')::bigint = t.id) AS told
FROM trades t WHERE t.id = ANY(%s) ORDER BY t.id
"""

_OWN = ("id", "account_id", "instrument_id", "updated_at", "entry_time", "exit_time", "entry_evidence", "exit_evidence")


async def outcomes(player: Player) -> list[dict[str, Any]]:
    """By wish: the trade's row, its ledger amounts and the events told of it."""
    async with player.desk.pool.connection() as connection:
        cursor = await connection.execute(_OUTCOMES, [[player.trades[number] for number in sorted(player.trades)]])
        names = [column.name for column in cursor.description or ()]
        by_id = {row[0]: dict(zip(names, row, strict=True)) for row in await cursor.fetchall()}
    return [by_id[player.trades[number]] for number in sorted(player.trades)]


def comparable(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What must be equal however the story was scheduled: all but ids, stamps, and what decided within a minute."""
    minutes = {
        name: None if outcome[name] is None else floor_minute(outcome[name]) for name in ("entry_time", "exit_time")
    }
    return {name: value for name, value in outcome.items() if name not in _OWN} | minutes
