"""The walk: what a price path does to a trade.

The outcome is a function of the plan, the accepted commands and the path, and of nothing else:
`walk(p1 + p2) == walk(walk(p1), p2)`. Inside a bar the loop applies event after event, with the barriers as each
event leaves them, as long as every tape consistent with the bar agrees on the next one. Where tapes disagree,
finer data decides the minute; where that is not at hand, the trade is held from that minute on; only where it
is definitively not to be had, the adverse order is assumed and the trade is flagged `ambiguous`.

A minute of the mark price is judged together with that of the last price, see `services.domain.liquidation`.

Finer data decides order and time. Prices stay those of the minute's own rules, so that a trade closed from a bar
in progress and one closed from the finished bar are filled alike.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from services.domain.barriers import barriers, next_event_at
from services.domain.command import Command
from services.domain.funding import FundingDue
from services.domain.judge import Judge, Need
from services.domain.liquidation import reaches
from services.domain.path import Bar, Finer, Path, floor_minute
from services.domain.trade import Trade

_NOTHING_KNOWN: Mapping[datetime, Finer] = {}


class Walked(msgspec.Struct, frozen=True):
    """What a walk came to: the trade, each changed state on the way, and what it waits for, if anything.

    A need without a held minute concerns the bar in progress: what it asks for would close the trade sooner.
    `command_done` tells that the pending command's time was reached: applied, or dropped because the path had
    been faster.
    """

    trade: Trade
    steps: tuple[Trade, ...] = ()
    need: Need | None = None
    command_done: bool = False


def walk(
    trade: Trade,
    path: Path,
    *,
    since: datetime,
    finer: Mapping[datetime, Finer] = _NOTHING_KNOWN,
    command: Command | None = None,
) -> Walked:
    """The trade after the bars of `path` that start at or after `since`, or at its held minute if it is held.

    A held trade whose held minute lies outside the path stays as it is. `finer` is what is known inside minutes,
    `command` an accepted command that waits for the path to reach its time. The bar in progress counts only
    where it closes the trade for certain.
    """
    if trade.held_from is not None:
        if trade.held_from < path.start:
            return Walked(trade, need=Need(trade.held_from))
        if trade.held_from >= path.end:
            return Walked(trade)
        since = trade.held_from
        trade = msgspec.structs.replace(trade, held_from=None)
    judge = Judge(trade, command)
    held_at = _judge_closed(judge, path, since, finer)
    if held_at is not None:
        held = msgspec.structs.replace(judge.trade, held_from=held_at.minute)
        return Walked(held, tuple(judge.steps), held_at, command is not None and judge.command is None)
    need = None
    if judge.command is None and judge.trade.status.is_live:
        need = judge.minute_in_progress(path.tail, finer.get(path.end), path.mark_tail)
    return Walked(judge.trade, tuple(judge.steps), need, command is not None and judge.command is None)


def _judge_closed(judge: Judge, path: Path, since: datetime, finer: Mapping[datetime, Finer]) -> Need | None:
    """Judge every closed bar; the need of the minute that could not be judged, if one could not."""
    wall, due, price = barriers(judge.trade), next_event_at(judge.trade), judge.trade.liquidation_price
    for bar, mark in _minutes(path, with_mark=price is not None):
        begin = bar or mark
        assert begin is not None
        if begin.open_time < since or begin.close_time < judge.trade.active_from:
            continue
        if (
            (bar is None or wall.lower is None or bar.low > wall.lower)
            and (bar is None or wall.upper is None or bar.high < wall.upper)
            and (judge.command is None or judge.command.at > begin.close_time)
            and (due is None or begin.open_time < due)
            and (mark is None or not reaches(judge.trade, price, mark))
        ):
            continue
        need = judge.minute(bar, finer.get(begin.open_time), mark)
        if need is not None:
            return need
        if not judge.trade.status.is_live:
            return None
        wall, due, price = barriers(judge.trade), next_event_at(judge.trade), judge.trade.liquidation_price
    judge.entry_due(path.end)
    if judge.command is not None and judge.command.at < path.end:
        try:
            judge.command_due(path.end)
        except FundingDue:
            return Need(floor_minute(judge.command.at), funding=True)
    return None


def _minutes(path: Path, *, with_mark: bool) -> Iterator[tuple[Bar | None, Bar | None]]:
    """The minutes of the path in order, each with its bar and that of the mark price, as far as there are any."""
    if not path.mark or not with_mark:
        yield from ((bar, None) for bar in path.bars)
        return
    bars = {bar.open_time: bar for bar in path.bars}
    marks = {mark.open_time: mark for mark in path.mark}
    for time in sorted(bars.keys() | marks.keys()):
        yield bars.get(time), marks.get(time)
