"""The evaluation without a database: watermarks and trades in memory, the product's own decisions over them.

What is replaced is what PostgreSQL does: rows, locks (one transaction at a time) and the search for candidates, done
here by looking at every live trade. What decides is the product's: barriers, walk, commands, watermarks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random

import msgspec

from services.db.trades import Stored
from services.db.watermarks import Watermark
from services.domain.barriers import barriers, next_event_at
from services.domain.changes import Change, created
from services.domain.command import applies, apply
from services.domain.fees import DEFAULT_FEES
from services.domain.market import Instrument, InstrumentStatus, Quote
from services.domain.opening import Order as Opening
from services.domain.opening import enter_at_quote, rest
from services.domain.path import MINUTE, Path, floor_minute
from services.domain.plan import EntryType, Plan, Target
from services.domain.trade import Label, Trade
from services.usecases.act_at_once import is_open_question
from services.usecases.judge_paths import FinerData, Judged, _moved, _span, _walk
from tests.evaluation.desk import GRID, SIZE
from tests.evaluation.player import SETTLED_AFTER, Player
from tests.evaluation.story import PLACES, SLIPPAGE, SPREAD, Order, Story, Wish


@dataclass
class Row:
    """A trade as a database would hold it, with what has been booked and told of it."""

    stored: Stored
    amounts: dict[str, Decimal] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


class MemoryPlayer(Player):
    """Tells a story like its parent, with rows of its own. `changes_max` trades change in one transaction."""

    def __init__(self, story: Story, seed: int, *, changes_max: int = 1) -> None:
        instruments = [
            Instrument(number, market, f"S{symbol}USDT", "X", InstrumentStatus.TRADING, GRID)
            for number, (market, symbol) in enumerate(PLACES, 1)
        ]
        super().__init__(None, story, instruments, (1, 2))  # type: ignore[arg-type] # there is no desk
        self.random = Random(f"player {seed}")
        self.changes_max = changes_max
        self.marks = {each.id: Watermark(self.now, Decimal(0), None) for each in instruments}
        self.rows: dict[int, Row] = {}

    async def _open(self, number: int, wish: Wish) -> None:
        instrument = self.instruments[wish.place]
        if not self._live(instrument.id):
            self._skip_to(instrument.id, floor_minute(wish.at))
        plan = Plan(
            direction=wish.direction,
            entry_type=EntryType.LIMIT if wish.limit else EntryType.MARKET,
            limit_price=wish.limit,
            stop_loss=wish.stop,
            targets=(Target(wish.target),),
            position_size=SIZE,
            leverage=wish.leverage,
        )
        opening = Opening(
            trade_id=number + 1,
            account_id=self.accounts[wish.account],
            instrument=instrument,
            plan=plan,
            label=Label(wish.at, "test", ""),
            at=wish.at,
            fees=DEFAULT_FEES[instrument.market],
            fill_model=wish.model,
            slippage=SLIPPAGE,
            brackets=(),
        )
        last = wish.last
        made = (
            rest(opening) if wish.limit else enter_at_quote(opening, Quote(last, last + SPREAD, last + SPREAD, wish.at))
        )
        self.trades[number] = made.id
        self.rows[made.id] = Row(Stored(made, None, wish.at))
        self._book(created(made))

    def _skip_to(self, id_: int, minute: datetime) -> None:
        mark = self.marks[id_]
        self.marks[id_] = msgspec.structs.replace(mark, judged_to=max(mark.judged_to, minute))

    def _book(self, change: Change) -> None:
        row = self.rows[change.after.id]
        for posting in change.ledger():
            assert posting.kind not in row.amounts, f"{posting.kind} booked twice"
            row.amounts[posting.kind] = posting.amount
        row.told += [event.action for event in change.events(self.now)]

    def _live(self, id_: int) -> list[Trade]:
        trades = [row.stored.trade for row in self.rows.values()]
        return [trade for trade in trades if trade.instrument.id == id_ and trade.status.is_live]

    def _put(self, change: Change) -> None:
        row = self.rows[change.after.id]
        assert row.stored.trade == change.before, "decided on another state"
        command = None if change.command_done else row.stored.command
        row.stored = Stored(change.after, command, self.now)
        if change.is_stored:
            self._book(change)

    async def _command(self, trade_id: int, wish: Wish, order: Order) -> None:
        instrument = self.instruments[wish.place]
        if self.rows[trade_id].stored.command is not None:
            await self._drain([instrument])
        path = None
        if order.at_once:
            [path] = await self._paths([instrument], 60, tail=True)
            await self._deliver([path], 0.3, True)
        row = self.rows[trade_id]
        trade = row.stored.trade
        assert order.command.at >= max(self.marks[instrument.id].judged_to, trade.active_from)
        if not trade.status.is_live or row.stored.command is not None:
            return
        if path is None or is_open_question(trade, path, order.command):
            row.stored = msgspec.structs.replace(row.stored, command=order.command)
        elif applies(trade, order.command):
            after = apply(trade, order.command)
            self._put(Change(before=trade, after=after, steps=(after,)))

    async def _paths(
        self,
        instruments: Sequence[Instrument],
        minutes_max: int,
        *,
        tail: bool,
        shift: int = 0,
        for_held: bool = True,
    ) -> list[Path]:
        known_to = floor_minute(self.now - SETTLED_AFTER)
        found = []
        for id_ in sorted(each.id for each in instruments):
            held = [trade.held_from for trade in self._live(id_) if trade.held_from is not None]
            start = min([self.marks[id_].judged_to, *(held if for_held else ())])
            begin = min(start + shift * MINUTE, known_to) if shift else start
            end = max(begin, min(known_to, begin + minutes_max * MINUTE))
            tail_at = self.now if tail and end >= known_to else None
            found.append(self.tapes[id_].path(id_, begin, end, tail_at))
        return found

    async def _judge(self, paths: Sequence[Path], finer: FinerData | None = None) -> Judged:
        return self._transactions(paths, finer or {}, None)

    async def _deliver_and_die(self, paths: Sequence[Path], transactions: int) -> None:
        self._transactions(paths, {}, transactions)

    def _transactions(self, paths: Sequence[Path], finer: FinerData, at_most: int | None) -> Judged:
        """The transactions of one batch, or its first ones: the worker dies after those."""
        judged, walked = Judged(), set[int]()
        while at_most is None or at_most > 0:
            by_id = {
                path.instrument_id: path for path in paths if path.start <= self.marks[path.instrument_id].judged_to
            }
            judged.gaps = sorted({path.instrument_id for path in paths} - by_id.keys())
            found = [id_ for id_ in self._candidates(by_id) if id_ not in walked]
            last = len(found) <= self.changes_max
            chunk = self._candidates(by_id) if last else found[: self.changes_max]
            decided = [self._decide(id_, by_id, finer, judged) for id_ in chunk]
            if last:
                for id_, path in by_id.items():
                    if path.end > self.marks[id_].judged_to:
                        self.marks[id_] = _moved(path, self.marks[id_])
            for change in decided:
                if change is not None:
                    self._put(change)
            walked.update(chunk)
            at_most = None if at_most is None else at_most - 1
            if last:
                break
        return judged

    def _decide(self, id_: int, paths: Mapping[int, Path], finer: FinerData, judged: Judged) -> Change | None:
        stored = self.rows[id_].stored
        place = stored.trade.instrument.id
        change, need = _walk(stored, paths[place], self.marks[place].judged_to, finer.get(place, {}))
        if need is not None:
            judged.needs.setdefault(place, set()).add(need)
        return change

    def _candidates(self, paths: Mapping[int, Path]) -> list[int]:
        return sorted(self._found(paths))

    def _found(self, paths: Mapping[int, Path]) -> Iterable[int]:
        for id_, path in paths.items():
            span = _span(path, self.marks[id_])
            for trade in self._live(id_):
                wall, command = barriers(trade), self.rows[trade.id].stored.command
                due = [each for each in (next_event_at(trade), command and command.at) if each is not None]
                touched = (span.low is not None and wall.lower is not None and wall.lower >= span.low) or (
                    span.high is not None and wall.upper is not None and wall.upper <= span.high
                )
                if touched or trade.held_from is not None or any(each <= path.end for each in due):
                    yield trade.id
