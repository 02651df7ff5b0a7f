"""The trades of one instrument on their way through its recording, by the domain's own opening and walk.

A plan is accepted at the first minute at or after its `opened_at`. There is no book in a recording: a MARKET entry,
and a LIMIT that the minute's open satisfies already, fill at that open as taker; other limits rest. What is frozen
on a trade at acceptance comes from the recording too: half the spread is half a tick as a fraction of that open (0
without a tick), the average range is `next_average_range` over the bars before. Liquidation wants a recorded mark
price, funding its recorded rates: without them neither happens. Maintenance brackets are the recording's own, or
shipped ones.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from services.domain.barriers import barriers, next_event_at
from services.domain.errors import Refused
from services.domain.fees import DEFAULT_FEES, FeeRates
from services.domain.fills import FillModel, Slippage, next_average_range
from services.domain.funding import Funding, Settlement
from services.domain.judge import Need
from services.domain.market import Market, Quote
from services.domain.money import ZERO
from services.domain.opening import Order, enter_at_open, is_marketable, rest
from services.domain.path import Bar, Finer
from services.domain.planning import check_plan, on_grid
from services.domain.trade import Label, Trade
from services.domain.walk import walk
from services.usecases.replay_bars import end_of, minutes_in
from services.usecases.replay_plans import Outcome, PlanLine, never_entered, outcome, problem, rejected
from services.usecases.replay_recording import UNREADABLE, Block, Recorded, Stretch

_SPREAD_STEP = Decimal("1e-12")


HOLE_MIN = timedelta(hours=1)
"""No bar for this long, and the plan of that time is not accepted, as without a fresh price it would not be live."""


class Hole(msgspec.Struct, frozen=True):
    """A stretch without a recording over which trades were open, for people."""

    text: str


class Wish(msgspec.Struct, frozen=True):
    """A checked plan, and the number of its line."""

    number: int
    line: PlanLine


def run_trades(
    recorded: Recorded,
    wishes: Sequence[Wish],
    fill_model: FillModel,
    *,
    fees: Mapping[Market, FeeRates] = DEFAULT_FEES,
) -> Iterator[tuple[int, Outcome | Hole | str]]:
    """What becomes of each of `wishes`, by line number, as soon as it is known; a text where the plan breaks a rule.

    A file that cannot be read ends the recording there, and is told under the number 0, as holes are.
    """
    book = _Book(recorded, fill_model, fees)
    waiting = []
    for wish in sorted(wishes, key=lambda wish: wish.line.opened_at):
        try:
            check_plan(on_grid(wish.line.plan(), recorded.instrument.filters), recorded.instrument)
            waiting.append(wish)
        except Refused as error:
            yield wish.number, problem(wish.number, error)
    ended = "the recording ends before opened_at"
    try:
        for stretch in recorded.stretches():
            waiting = book.accept(waiting, stretch)
            yield from ((0, hole) for hole in book.holes(stretch))
            book.advance(stretch)
            yield from book.take_final()
    except UNREADABLE as error:
        ended = f"the recording cannot be read: {error}"
        yield 0, f"{recorded.instrument}: {error}"
    yield from book.take_live()
    for wish in waiting:
        yield wish.number, never_entered(wish.line.id, ended)


class _Book:
    """The trades of one instrument: `live` ones by line number, and the outcomes not yet taken."""

    def __init__(self, recorded: Recorded, fill_model: FillModel, fees: Mapping[Market, FeeRates]) -> None:
        self.recorded = recorded
        self.fill_model = fill_model
        self.fees = fees
        self.live: dict[int, tuple[PlanLine, Trade]] = {}
        self.final: list[tuple[int, Outcome]] = []
        self.average_range = ZERO
        self.ended: datetime | None = None

    def holes(self, stretch: Stretch) -> Iterator[Hole]:
        """The holes in and before `stretch` over which trades may be open; it is accepted and not yet walked."""
        ends = [self.ended or stretch.opens[0], *map(end_of, stretch.bars)]
        self.ended = ends[-1]
        for ended, begin in zip(ends, stretch.opens, strict=False):
            if begin - ended >= HOLE_MIN:
                count = sum(trade.active_from < ended for _, trade in self.live.values())
                span = f"no trade is recorded from {ended:%Y-%m-%d %H:%M} to {begin:%Y-%m-%d %H:%M}"
                if count:
                    yield Hole(f"{self.recorded.instrument}: {span}, with up to {count} plans live")

    def accept(self, waiting: Sequence[Wish], stretch: Stretch) -> list[Wish]:
        """Open what `stretch` reaches; the rest goes on waiting. The average range is folded over all its ranges."""
        folded = 0
        if stretch.settlements:
            self.live = {number: (line, _owing(trade, stretch)) for number, (line, trade) in self.live.items()}
        reached = bisect_right(waiting, stretch.opens[-1], key=lambda wish: wish.line.opened_at)
        for wish in waiting[:reached]:
            index = bisect_left(stretch.opens, wish.line.opened_at)
            bar = stretch.bars[index]
            before = bisect_left(stretch.ranges, bar.open_time, key=lambda each: each.open_time)
            self._fold(stretch.ranges[folded:before])
            folded = before
            if bar.open_time - wish.line.opened_at < HOLE_MIN + (end_of(bar) - bar.open_time):
                self._open(wish, bar, stretch.settlements)
            else:
                reason = f"no trade is recorded from opened_at until {stretch.opens[index].isoformat()}"
                self.final.append((wish.number, never_entered(wish.line.id, reason)))
        if reached < len(waiting):
            self._fold(stretch.ranges[folded:])
        return list(waiting[reached:])

    def _fold(self, bars: Sequence[Bar]) -> None:
        for bar in bars:
            self.average_range = next_average_range(self.average_range, bar.high, bar.low, bar.close, minutes_in(bar))

    def _open(self, wish: Wish, bar: Bar, settlements: tuple[Settlement, ...]) -> None:
        instrument = self.recorded.instrument
        half_spread = (instrument.filters.tick_size / 2 / bar.open).quantize(_SPREAD_STEP)
        order = Order(
            trade_id=wish.number,
            account_id=0,
            instrument=instrument,
            plan=on_grid(wish.line.plan(), instrument.filters),
            label=Label(wish.line.opened_at, "replay"),
            at=bar.open_time,
            fees=self.fees[instrument.market],
            fill_model=self.fill_model,
            slippage=Slippage(half_spread, self.average_range),
            brackets=self.recorded.brackets,
        )
        at_open = Quote(bar.open, bar.open, bar.open, bar.open_time)
        try:
            trade = enter_at_open(order, bar) if is_marketable(order.plan, at_open) else rest(order)
        except Refused as error:
            self.final.append((wish.number, rejected(wish.line.id, error.message)))
            return
        funding = Funding(settlements).since(bar.open_time)
        self.live[wish.number] = wish.line, msgspec.structs.replace(trade, funding=funding)

    def advance(self, stretch: Stretch) -> None:
        """Walk every live trade through `stretch`, fetching finer data for all that wait, until none waits."""
        finer: dict[datetime, Finer] = {}
        ongoing = list(self.live)
        while ongoing:
            needs: dict[int, Need] = {}
            for number in ongoing:
                line, trade = self.live[number]
                trade, need = _through(trade, stretch, finer)
                self.live[number] = line, trade
                if need is not None:
                    needs[number] = need
                elif not trade.status.is_live:
                    del self.live[number]
                    self.final.append((number, outcome(line.id, trade)))
            if needs:
                finer |= self.recorded.finer(set(needs.values()), finer, stretch)
            ongoing = list(needs)

    def take_final(self) -> Iterator[tuple[int, Outcome]]:
        """The outcomes since the last call."""
        taken, self.final = self.final, []
        yield from sorted(taken, key=lambda pair: pair[0])

    def take_live(self) -> Iterator[tuple[int, Outcome]]:
        """All outcomes, of live trades as they stand."""
        yield from self.take_final()
        for number, (line, trade) in self.live.items():
            yield number, outcome(line.id, trade)


def _owing(trade: Trade, stretch: Stretch) -> Trade:
    """The trade with what is settled over the stretch; what was before it, and not yet booked, as a sum."""
    funding = Funding(stretch.settlements, trade.funding.total if trade.entry else ZERO)
    return msgspec.structs.replace(trade, funding=funding)


def _may_change(trade: Trade, block: Block) -> bool:
    """The rule of the live search: touched by the last or the mark price, or due."""
    due = next_event_at(trade)
    if block.may_change(barriers(trade)) or (due is not None and due <= block.path.end):
        return True
    return block.mark_low is not None and block.may_liquidate(trade.liquidation_price, is_long=trade.is_long)


def _through(trade: Trade, stretch: Stretch, finer: dict[datetime, Finer]) -> tuple[Trade, Need | None]:
    """The trade after `stretch`, or held with the need of the minute that holds it."""
    for block in stretch.blocks_from(trade.held_from or trade.active_from):
        if trade.held_from is None and not _may_change(trade, block):
            continue
        walked = walk(trade, block.path, since=block.path.start, finer=finer)
        trade = walked.trade
        if walked.need is not None or not trade.status.is_live:
            return trade, walked.need
    return trade, None
