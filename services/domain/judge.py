"""One trade on its way through one minute: event after event, by the bar, by finer data, or by the adverse order."""

from datetime import datetime

import msgspec

from services.domain import gap, liquidation, reach
from services.domain.barriers import barriers, next_event_at
from services.domain.command import Command, applies, apply
from services.domain.executions import Touch, cancelled, execute, liquidated, time_stop
from services.domain.finer import begins, is_whole
from services.domain.funding import FundingDue
from services.domain.liquidation import Verdict
from services.domain.next_event import Next, Undecided, adverse_event, next_event
from services.domain.path import Bar, Finer, Resolution
from services.domain.reach import Reach
from services.domain.trade import DecidedBy, Reason, Stop, Trade, TradeStatus

_BY_RESOLUTION = {
    Resolution.MINUTES: DecidedBy.MINUTES,
    Resolution.SECONDS: DecidedBy.SECONDS,
    Resolution.PRINTS: DecidedBy.PRINTS,
}


class Need(msgspec.Struct, frozen=True):
    """Data without which a trade cannot go on: `minute`, finer than `finer_than` (None: than the minute bar).

    `funding`: not the minute is wanted but a settled funding rate from before its end.
    """

    minute: datetime
    finer_than: Resolution | None = None
    funding: bool = False


class _State(msgspec.Struct, frozen=True):
    """What a judge goes back to."""

    trade: Trade
    command: Command | None
    steps: tuple[Trade, ...]
    trailed_since: int | None


class Judge:
    """Carries a trade and its pending command along, and keeps each changed state in `steps`."""

    def __init__(self, trade: Trade, command: Command | None) -> None:
        self.trade = trade
        self.command = command
        self.steps: list[Trade] = []
        self._minute: Bar | None = None
        self._first: Bar | None = None
        self._stop_at_open: Stop | None = None
        self._trailed_since: int | None = None

    def minute(self, bar: Bar | None, known: Finer | None, mark: Bar | None = None) -> Need | None:
        """Judge one closed minute: its bar, None where nothing was traded, and that of the mark price.

        What it needs when it cannot: then nothing has been changed.
        """
        begin = bar or mark
        assert begin is not None
        before = self._state()
        try:
            if mark is None:
                return self._last(begin, known)
            self._begin(begin)
            self.command_due(mark.open_time)
            if liquidation.opens_beyond(self.trade, mark):
                self._step(liquidated(self.trade, mark, mark.open_time, DecidedBy.MARK))
                return None
            start = self._state()
            need = None if bar is None else self._last(bar, known)
            if need is None:
                self._mark(start, mark)
            return need
        except FundingDue:
            self._restore(before)
            return Need(begin.open_time, funding=True)

    def _mark(self, start: _State, mark: Bar) -> None:
        """Liquidate what the mark price has reached; `start` is the state before the minute's last prices."""
        if self._is_entered_beyond(start, mark):
            self._step(liquidated(self.trade, mark, mark.open_time, DecidedBy.MARK))
            self.command_due(mark.close_time)
            return
        found = liquidation.verdict(start.trade, self.trade, mark)
        if found is Verdict.STOPPED:
            self.steps[-1] = self.trade = msgspec.structs.replace(self.trade, ambiguous=True)
        if found in (Verdict.NOTHING, Verdict.STOPPED):
            return
        if found is Verdict.ASSUMED and start.trade.status is TradeStatus.OPEN:
            self._restore(start)
        elif found is Verdict.ASSUMED:
            self.steps = self.steps[: self._entered(start) + 1]
            self.trade = self.steps[-1]
        if found is Verdict.ASSUMED:
            self._flag(tell=False)
        self._step(liquidated(self.trade, mark, mark.close_time, DecidedBy.MARK))
        self.command_due(mark.close_time)

    def _is_entered_beyond(self, start: _State, mark: Bar) -> bool:
        """Whether the open entered the trade while the mark price opened beyond: then it is as it was just entered."""
        entry = self.trade.entry
        if start.trade.status is not TradeStatus.PENDING or entry is None or entry.time != mark.open_time:
            return False
        steps = self.steps[: self._entered(start) + 1]
        if not liquidation.opens_beyond(steps[-1], mark):
            return False
        self.steps, self.trade = steps, steps[-1]
        return True

    def _entered(self, start: _State) -> int:
        """Which step since `start` was the entry."""
        first = len(start.steps)
        return next(i for i in range(first, len(self.steps)) if self.steps[i].status is TradeStatus.OPEN)

    def _last(self, bar: Bar, known: Finer | None) -> Need | None:
        self._begin(bar, known)
        before = self._state()
        try:
            self._bar(bar, DecidedBy.BAR, adverse=False)
            return None
        except Undecided:
            self._restore(before)
        if known is None:
            return Need(bar.open_time)
        whole = is_whole(known, bar)
        if not whole and not known.gone:
            return Need(bar.open_time, known.resolution)
        try:
            if known.until is not None:
                self._prefix(bar, known, known.until)
            else:
                for part in known.bars if whole else (bar,):
                    self._part(part, known)
            self.command_due(bar.close_time)
            return None
        except Undecided:
            self._restore(before)
            return Need(bar.open_time, known.resolution)

    def minute_in_progress(self, bar: Bar | None, known: Finer | None, mark: Bar | None = None) -> Need | None:
        """Judge an unfinished minute: it counts only where it closes the trade for certain.

        That needs the mark price of a trade that can be liquidated: where it has been reached, the minute must end.

        Nothing tells how far the bar had come, so all of it may lie before a trade or an edit that is younger than
        it; then, as where the bar leaves the order open, what finer data tells so far is needed. Without it the
        finished minute will decide.
        """
        before = self._state()
        try:
            price = self.trade.liquidation_price
            if price is None:
                return None if bar is None else self._last_in_progress(bar, known)
            if mark is None:
                return None
            if liquidation.opens_beyond(self.trade, mark):
                self._step(liquidated(self.trade, mark, mark.open_time, DecidedBy.MARK))
            elif bar is not None and not liquidation.reaches(self.trade, price, mark):
                return self._last_in_progress(bar, known)
        except FundingDue:
            self._restore(before)
        return None

    def _last_in_progress(self, bar: Bar, known: Finer | None) -> Need | None:
        self._begin(bar, known)
        before = self._state()
        if self.trade.active_from <= bar.open_time:
            try:
                self._bar(bar, DecidedBy.BAR, adverse=False)
            except Undecided:
                self._restore(before)
            else:
                self._keep_closing(before)
                return None
        elif not self._is_touched(bar):
            return None
        if known is None:
            return Need(bar.open_time)
        if not begins(known, bar):
            return None
        try:
            for part in known.bars:
                self._bar(part, _BY_RESOLUTION[known.resolution], adverse=False)
        except Undecided:
            self._restore(before)
        self._keep_closing(before)
        return None

    def _begin(self, bar: Bar, known: Finer | None = None) -> None:
        """An entry that has expired by the minute's begin ends before it."""
        self.entry_due(bar.open_time)
        self._minute = bar
        self._first = known.bars[0] if known is not None and known.bars else bar
        self._stop_at_open = self.trade.stop
        self._trailed_since = None

    def entry_due(self, until: datetime) -> None:
        """Cancel an entry that nothing has filled in the path before its end, if that is at or before `until`."""
        due = next_event_at(self.trade)
        if self.trade.status is not TradeStatus.PENDING or due is None or due > until:
            return
        self.command_due(due)
        if self.trade.status is TradeStatus.PENDING:
            self._step(cancelled(self.trade, Reason.ENTRY_EXPIRED))

    def _keep_closing(self, before: _State) -> None:
        if self.trade.status.is_live:
            self._restore(before)

    def _is_touched(self, bar: Bar) -> bool:
        wall = barriers(self.trade)
        falls = wall.lower is not None and bar.low <= wall.lower
        return falls or (wall.upper is not None and bar.high >= wall.upper)

    def command_due(self, until: datetime) -> None:
        """Apply the pending command if its time is at or before `until`; dropped if the state forbids it.

        Raises FundingDue, and then it still waits.
        """
        if self.command is None or self.command.at > until:
            return
        if applies(self.trade, self.command):
            self._step(apply(self.trade, self.command))
            self._stop_at_open = self.trade.stop  # whether an edit came before the first price, active_from tells
        self.command = None

    def _state(self) -> _State:
        return _State(self.trade, self.command, tuple(self.steps), self._trailed_since)

    def _restore(self, state: _State) -> None:
        self.trade, self.command, self._trailed_since = state.trade, state.command, state.trailed_since
        self.steps = list(state.steps)

    def _step(self, trade: Trade) -> None:
        self.trade = trade
        self.steps.append(trade)

    def _prefix(self, bar: Bar, known: Finer, until: datetime) -> None:
        """Judge the first prints of a minute one by one, then the rest of it, of which only its extremes are known."""
        by = _BY_RESOLUTION[known.resolution]
        for part in known.bars:
            self._bar(part, by, adverse=True)
        if self.trade.status.is_live and self.trade.active_from <= until:
            rest = reach.after(bar, known.bars)
        else:
            rest = reach.part_of(bar)
        if self.command is not None and self.command.at <= bar.close_time:
            self._events(bar, reach.part_of(bar), DecidedBy.BAR, adverse=True)
            self.command_due(bar.close_time)
            rest = reach.part_of(bar)
        self._events(bar, rest, DecidedBy.BAR, adverse=True)

    def _part(self, part: Bar, known: Finer) -> None:
        by = DecidedBy.BAR if part is self._minute else _BY_RESOLUTION[known.resolution]
        before = self._state()
        try:
            self._bar(part, by, adverse=False)
        except Undecided:
            if not known.gone:
                raise
            self._restore(before)
            self._bar(part, by, adverse=True)

    def _bar(self, bar: Bar, by: DecidedBy, *, adverse: bool) -> None:
        self.command_due(bar.open_time)
        if not self.trade.status.is_live or bar.close_time < self.trade.active_from:
            return
        if self.command is not None and self.command.at <= bar.close_time:
            # The bar's open is its first print, which may come after the command.
            self._time_stop_beside_command(bar, adverse=adverse)
            self._events(bar, reach.part_of(bar), by, adverse=adverse)
            self.command_due(bar.close_time)
            self._events(bar, reach.part_of(bar), by, adverse=adverse)
        elif self.trade.active_from <= bar.open_time:
            self._at_open(bar, by)
            self._events(bar, reach.whole(bar), by, adverse=adverse)
        else:
            self._events(bar, reach.part_of(bar), by, adverse=adverse)

    def _at_open(self, bar: Bar, by: DecidedBy) -> None:
        """A bar that opens at or beyond a barrier is decided at its open; then a time stop that is due."""
        decided_by = DecidedBy.OPEN if by is DecidedBy.BAR else by
        if self._opens_minute(bar):
            assert self._minute is not None
            bar, decided_by = self._minute, DecidedBy.OPEN
        if self._is_jumped_over(bar):
            self._step(cancelled(self.trade, Reason.STOP_BEFORE_ENTRY))
        while self.trade.status.is_live:
            wall = barriers(self.trade)
            falling = wall.lower is not None and bar.open <= wall.lower
            if not falling and (wall.upper is None or bar.open < wall.upper):
                break
            self._touch(falling, bar.open_time, bar, decided_by)
        if self.trade.status is TradeStatus.OPEN:
            due = next_event_at(self.trade)
            if due is not None and due <= bar.open_time:
                self._step(time_stop(self.trade, bar, decided_by))

    def _opens_minute(self, part: Bar) -> bool:
        """Whether the open of a part is the minute's, met by a trade that stands as when the minute began.

        What it decides is decided at the minute's open, whichever data tells: else a settlement of funding at that
        instant would be charged or not by what else was undecided in the minute.
        """
        trade, minute = self.trade, self._minute
        assert minute is not None
        times = [trade.active_from, *(each.fill.time for each in trade.exits[-1:])]
        return part is self._first and part.open == minute.open and max(times) <= minute.open_time

    def _time_stop_beside_command(self, bar: Bar, *, adverse: bool) -> None:
        """A time stop that is due goes with the first print, before the command or after: assumed is before."""
        due = next_event_at(self.trade)
        is_there = self.trade.status is TradeStatus.OPEN and self.trade.active_from <= bar.open_time
        if not is_there or due is None or due > bar.open_time:
            return
        if not adverse:
            raise Undecided
        self._flag(tell=False)
        self._step(time_stop(self.trade, bar, DecidedBy.ADVERSE))

    def _is_jumped_over(self, bar: Bar) -> bool:
        """Whether the minute opens beyond the stop of an entry that is not to be filled then."""
        trade, minute = self.trade, self._minute
        assert minute is not None
        if trade.status is not TradeStatus.PENDING or not trade.plan.rules.cancel_on_stop:
            return False
        begins_it = trade.active_from <= minute.open_time and bar.open == minute.open
        return begins_it and (minute.open - trade.stop.price) * trade.plan.direction.sign <= 0

    def _touch(self, falling: bool, time: datetime, bar: Bar, by: DecidedBy) -> None:
        assert self._minute is not None
        met = None if self._stood(bar) is False else self._minute.open
        before = self.trade
        after = execute(before, Touch(falling, time, bar, by, met))
        is_step_of_trail = after.trail != before.trail and after.status is before.status
        if is_step_of_trail and self._trailed_since is not None and self._trailed_since == len(self.steps):
            # Many levels in one minute are one stored state: the last.
            self.steps[-1] = self.trade = msgspec.structs.replace(after, version=before.version)
            return
        self._step(after)
        self._trailed_since = len(self.steps) if is_step_of_trail else None

    def _events(self, bar: Bar, rest: Reach, by: DecidedBy, *, adverse: bool) -> None:
        while self.trade.status.is_live:
            decided_by = by
            try:
                following = next_event(self.trade, rest)
            except Undecided:
                if not adverse:
                    raise
                decided_by = DecidedBy.ADVERSE
                following = adverse_event(self.trade, rest)
                self._flag(tell=following is Next.NOTHING)
            if following is Next.NOTHING:
                return
            wall = barriers(self.trade)
            falling = following is Next.FALL
            level = wall.lower if falling else wall.upper
            assert level is not None
            assert self._minute is not None
            may_be_gap = self._stood(bar) is None and gap.opens_beyond(self.trade, self._minute, falling=falling)
            if may_be_gap and decided_by is not DecidedBy.ADVERSE:
                if not adverse:
                    raise Undecided
                decided_by = DecidedBy.ADVERSE
                self._flag(tell=False)
            self._touch(falling, bar.close_time, bar, decided_by)
            rest = rest.after_fall_to(level) if falling else rest.after_rise_to(level)

    def _stood(self, bar: Bar) -> bool | None:
        assert self._minute is not None
        assert self._first is not None
        same = self.trade.stop == self._stop_at_open
        return gap.stood(self.trade.active_from, self._minute, self._first, bar) if same else False

    def _flag(self, *, tell: bool) -> None:
        """Mark the trade as ambiguous: a state of its own where no event follows that tells it."""
        if self.trade.ambiguous:
            return
        self.trade = msgspec.structs.replace(self.trade, ambiguous=True)
        if tell:
            self._step(msgspec.structs.replace(self.trade, version=self.trade.version + 1))
