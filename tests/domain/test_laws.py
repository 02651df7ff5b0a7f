"""Laws of the walk: it folds over its paths, and nothing but plan, commands and path changes an outcome."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.domain.barriers import barriers
from services.domain.command import CommandKind
from services.domain.path import Finer, Resolution, floor_minute
from services.domain.profit import entry_row, exit_rows, margin
from services.domain.trade import TRANSITIONS, Trade, TradeStatus
from services.domain.walk import walk
from tests.domain.tapes import MINUTE, Case, carry, cases, ms_of

minutes = st.sets(st.integers(1, 3)).map(sorted)


def parts(case: Case, cuts: list[int]) -> list:
    edges = [0, *(cut * MINUTE for cut in cuts), case.tape.end]
    return [case.tape.path(start, end) for start, end in pairwise(edges)]


def essence(trade: Trade) -> tuple:
    """A trade but for the time inside a minute and the data that told it."""
    fills = [fill and (floor_minute(fill.time), fill.price, fill.fee, fill.role) for fill in (trade.entry, trade.exit)]
    return trade.status, trade.plan, *fills, trade.profit_loss, trade.reserved, trade.ambiguous, trade.held_from


@given(cases(commands=True), minutes, st.booleans(), st.booleans())
def test_a_path_in_parts_is_the_path_in_one(case: Case, cuts: list[int], known: bool, spot: bool):
    assert carry(case, parts(case, cuts), known=known, spot=spot) == carry(
        case, parts(case, []), known=known, spot=spot
    )


@given(cases() | cases(commands=True), st.data(), st.booleans())
def test_bars_in_progress_change_nothing_in_the_end(case: Case, data, fetched: bool):
    # Seen at any moment, but mostly right after a print, and right before the trade.
    likely = [time for time, _ in case.tape.prints] + [max(case.start - 1, 0)]
    moments = sorted(data.draw(st.sets(st.sampled_from(likely) | st.integers(0, case.tape.end - 1), min_size=1)))
    trade, command, start = case.trade, case.command, 0
    for seen in moments:
        end = seen - seen % MINUTE
        path, start = case.tape.path(start, end, seen), end
        trade, command = _with_tail(case, trade, path, command, seen if fetched else None)
    last = case._replace(trade=trade, command=command)
    assert essence(carry(last, [case.tape.path(start, case.tape.end)])) == essence(carry(case, parts(case, [])))


def _with_tail(case: Case, trade: Trade, path, command, seen: int | None):
    """One path and its bar in progress; what there is inside that up to `seen` may be at hand."""
    finer = {}
    while True:
        walked = walk(trade, path, since=path.start, finer=finer, command=command)
        trade, command = walked.trade, None if walked.command_done else command
        if walked.need is None or walked.need.minute in finer:
            return trade, command
        if walked.need.minute < path.end:
            finer[walked.need.minute] = case.tape.finer(walked.need, spot=False)
        elif seen is None:
            return trade, command
        else:
            told = case.tape._replace(prints=tuple(each for each in case.tape.prints if each[0] <= seen))
            finer[walked.need.minute] = told.finer(walked.need, spot=False)


@given(cases(commands=True), minutes, st.lists(st.booleans(), max_size=4))
def test_held_and_healed_is_never_held(case: Case, cuts: list[int], failures: list[bool]):
    trade, command = case.trade, case.command
    fails = iter(failures)
    for path in parts(case, cuts):
        since = path.start
        finer = {}
        while True:
            if trade.held_from is not None:  # the next fetch reaches back to the held minute
                path = case.tape.path(ms_of(trade.held_from), ms_of(path.end))
            walked = walk(trade, path, since=since, finer=finer, command=command)
            trade, command = walked.trade, None if walked.command_done else command
            if walked.need is None or next(fails, False):
                break
            assert trade.held_from == walked.need.minute
            finer[walked.need.minute] = case.tape.finer(walked.need, spot=False)
    if trade.held_from is not None:
        trade = carry(case._replace(trade=trade, command=command), [case.tape.path(0, case.tape.end)])
    assert trade == carry(case, parts(case, []))


@given(cases(), minutes)
def test_a_held_trade_waits_for_its_minute(case: Case, cuts: list[int]):
    trade = case.trade
    for path in parts(case, cuts):
        walked = walk(trade, path, since=path.start)
        if trade.held_from is not None:
            assert walked.trade == trade
            assert walked.need is not None
            assert not walked.steps
        trade = walked.trade


@given(cases(), st.integers(1, 4))
def test_what_was_judged_is_cut_off(case: Case, judged: int):
    path = case.tape.path(0, judged * MINUTE)
    once = carry(case, [path])
    again = walk(once, path, since=path.end)
    assert again.trade == once
    assert not again.steps
    late = walk(once, case.tape.path(0, case.tape.end), since=path.end, finer=_everything(case))
    assert late.trade == carry(case, parts(case, []))


def _everything(case: Case) -> dict:
    bars = case.tape.path(0, case.tape.end).bars
    prints = case.tape.bars(1, 0, case.tape.end)
    return {
        bar.open_time: Finer(
            Resolution.PRINTS, tuple(each for each in prints if floor_minute(each.open_time) == bar.open_time)
        )
        for bar in bars
    }


@given(cases(), st.integers(0, 4), st.integers(0, 4 * MINUTE - 1))
def test_a_trade_that_is_no_candidate_is_not_changed(case: Case, start: int, seen: int):
    trade = carry(case, [case.tape.path(0, start * MINUTE)])
    end = seen - seen % MINUTE
    path = case.tape.path(start * MINUTE, max(end, start * MINUTE), seen if end >= start * MINUTE else None)
    bars = (*path.bars, path.tail) if path.tail else path.bars
    wall = barriers(trade)
    lower = wall.lower is not None and any(bar.low <= wall.lower for bar in bars)
    if (
        trade.status.is_live
        and not lower
        and not any(wall.upper is not None and bar.high >= wall.upper for bar in bars)
    ):
        walked = walk(trade, path, since=path.start)
        assert walked.trade == trade
        assert walked.need is None


@given(cases(commands=True), st.booleans())
def test_each_step_is_a_known_transition(case: Case, known: bool):
    steps, trade, command, finer = [case.trade], case.trade, case.command, {}
    path = case.tape.path(0, case.tape.end)
    while True:
        walked = walk(trade, path, since=path.start, finer=finer, command=command)
        steps += walked.steps
        trade, command = walked.trade, None if walked.command_done else command
        if walked.need is None:
            break
        gone = Finer(Resolution.PRINTS, gone=True)
        finer[walked.need.minute] = case.tape.finer(walked.need, spot=False) if known else gone
    for before, after in pairwise(steps):
        assert after.version == before.version + 1
        if after == msgspec.structs.replace(before, ambiguous=True, version=after.version):
            continue
        edited = after.status is before.status and after.active_from == case.command.at
        assert after.status in TRANSITIONS[before.status] or (edited and case.command.kind is CommandKind.EDIT)
    assert trade.version == steps[-1].version
    assert trade.status is steps[-1].status


@given(cases(commands=True), st.booleans())
def test_money_is_conserved(case: Case, known: bool):
    trade = carry(case, parts(case, []), known=known)
    if trade.entry is None:
        assert trade.profit_loss is None
        assert (trade.reserved == 0) == (trade.status is TradeStatus.CANCELLED)
        return
    held = margin(trade.entry.price, trade.quantity, trade.plan.leverage)
    if trade.status is TradeStatus.OPEN:
        assert trade.reserved == held
        assert trade.profit_loss is None
        return
    assert trade.reserved == 0
    assert trade.profit_loss == sum(row.amount for row in (entry_row(trade), *exit_rows(trade.id, 1, trade.exits[0])))
    assert trade.profit_loss >= -(held + trade.entry.fee)
