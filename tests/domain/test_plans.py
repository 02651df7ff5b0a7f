"""Whole plans over bars against the truth of every print: targets, moving stops, trailing, and what time does."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.domain.fees import FillRole
from services.domain.fills import FillModel
from services.domain.path import Finer, Path, floor_minute
from services.domain.plan import Target, leg
from services.domain.profit import LedgerKind, entry_row, exit_rows, exited, margin
from services.domain.trade import DecidedBy, Evidence, Fill, Reason, Trade
from services.domain.walk import walk
from tests.domain.plan_cases import PlanCase, plan_cases
from tests.domain.tapes import MINUTE, Case, at, carry, make_trade, price
from tests.oracle import money

_RESTING = ("take_profit",)


def walked(case: PlanCase, *, known: bool = True, spot: bool = False, cuts: tuple[int, ...] = ()) -> Trade:
    edges = [0, *(cut * MINUTE for cut in cuts), case.tape.end]
    paths = [case.tape.path(start, end) for start, end in pairwise(edges)]
    return carry(Case(case.tape, case.trade, None, case.start), paths, known=known, spot=spot)


def check(case: PlanCase, trade: Trade) -> None:
    truth, tick = case.truth(), trade.instrument.filters.tick_size
    assert trade.status == truth.status
    assert trade.held_from is None
    assert (trade.cancelled_for or "") == truth.cancelled_for
    share = money.slippage(trade.fill_model, trade.slippage.half_spread, Decimal(0))
    expected = [
        (
            each.reason,
            each.minute,
            price(each.price)
            if each.reason in _RESTING
            else money.worse(price(each.price), share, tick, selling=case.plan.sign > 0),
            each.quantity,
        )
        for each in truth.exits
    ]
    step = trade.instrument.filters.step_size
    assert [
        (
            each.reason,
            (floor_minute(each.fill.time) - at(0)).total_seconds() // 60,
            each.fill.price,
            int(each.quantity / step),
        )
        for each in trade.exits
    ] == expected
    if trade.status == "OPEN":
        assert (trade.stop.price, trade.stop.reason) == (price(truth.stop), truth.reason)
        assert trade.remaining == truth.left * step


@given(plan_cases())
def test_with_prints_the_walk_is_the_truth(case: PlanCase):
    trade = walked(case)
    assert not trade.ambiguous
    check(case, trade)


@given(plan_cases())
def test_with_seconds_first_the_walk_is_the_truth(case: PlanCase):
    trade = walked(case, spot=True)
    assert not trade.ambiguous
    check(case, trade)


@given(plan_cases())
def test_without_finer_data_what_is_not_flagged_is_the_truth(case: PlanCase):
    trade = walked(case, known=False)
    if not trade.ambiguous:
        check(case, trade)


@given(plan_cases(), st.sets(st.integers(1, 3)).map(sorted), st.booleans())
def test_a_path_in_parts_is_the_path_in_one(case: PlanCase, cuts: list[int], known: bool):
    assert walked(case, known=known, cuts=tuple(cuts)) == walked(case, known=known)


@given(plan_cases(), st.booleans())
def test_the_books_add_up(case: PlanCase, known: bool):
    trade = walked(case, known=known)
    rows = [row for part, each in enumerate(trade.exits, start=1) for row in exit_rows(trade.id, part, each)]
    assert len({(row.kind, row.part) for row in rows}) == len(rows)
    assert trade.remaining == trade.quantity - sum(each.quantity for each in trade.exits) >= 0
    if trade.entry is None:
        assert (trade.profit_loss, trade.exits) == (None, ())
        return
    held = margin(trade.entry.price, trade.remaining, trade.plan.leverage)
    assert trade.reserved == (held if trade.status == "OPEN" else 0)
    assert trade.profit_loss == (None if trade.status == "OPEN" else sum(row.amount for row in rows) - trade.entry.fee)
    whole = margin(trade.entry.price, trade.quantity, trade.plan.leverage)
    assert sum(row.amount for row in rows) + entry_row(trade).amount >= -whole - trade.entry.fee


def test_what_rounds_to_nothing_takes_the_rest():
    halves = [Target(Decimal(2), Decimal("0.5")), Target(Decimal(3), Decimal("0.5"))]
    assert leg(Decimal("0.003"), halves, Decimal("0.001")) == Decimal("0.001")
    assert leg(Decimal("0.001"), halves, Decimal("0.001")) == Decimal("0.001")
    assert leg(Decimal("0.003"), halves[1:], Decimal("0.001")) == Decimal("0.003")


def test_a_part_loses_no_more_than_its_own_margin():
    trade = make_trade(1, None, 700, 1200, 0, FillModel.OPTIMISTIC)  # 5 at 100, on 100 USDT of margin
    fill = Fill(at(MINUTE), Decimal(50), FillRole.TAKER, Decimal("0.05"), Evidence(DecidedBy.OPEN))
    part = exited(trade, fill, Reason.STOP_LOSS, Decimal(2))
    assert [(row.kind, row.amount) for row in exit_rows(1, 1, part.exits[0])] == [
        (LedgerKind.GROSS_PROFIT, Decimal(-100)),
        (LedgerKind.EXIT_FEE, Decimal("-0.05")),
        (LedgerKind.LOSS_CAP, Decimal("60.05")),
    ]
    assert part.reserved == 60
    whole = exited(part, fill, Reason.STOP_LOSS, Decimal(3))
    assert whole.profit_loss == Decimal(-100) - trade.entry.fee


@given(plan_cases(), st.data(), st.booleans())
def test_bars_in_progress_change_nothing_in_the_end(case: PlanCase, data: st.DataObject, fetched: bool):
    likely = [time for time, _ in case.tape.prints] + [max(case.start - 1, 0)]
    moments = sorted(data.draw(st.sets(st.sampled_from(likely) | st.integers(0, case.tape.end - 1), min_size=1)))
    trade, start = case.trade, 0
    for seen in moments:
        end = seen - seen % MINUTE
        path, start = case.tape.path(start, end, seen), end
        trade = _with_tail(case, trade, path, seen if fetched else None)
    last = Case(case.tape, trade, None, case.start)
    assert _essence(carry(last, [case.tape.path(start, case.tape.end)])) == _essence(walked(case))


def _with_tail(case: PlanCase, trade: Trade, path: Path, seen: int | None) -> Trade:
    """One path and its bar in progress; what there is inside that up to `seen` may be at hand."""
    finer: dict[datetime, Finer] = {}
    since = path.start
    while True:
        judged = walk(trade, path, since=since, finer=finer)
        trade = judged.trade
        if trade.held_from is None:
            since = path.end  # where the watermark is now: closed bars are met once
        if judged.need is None or judged.need.minute in finer:
            return trade
        if judged.need.minute < path.end:
            finer[judged.need.minute] = case.tape.finer(judged.need, spot=False)
        elif seen is None:
            return trade
        else:
            told = case.tape._replace(prints=tuple(each for each in case.tape.prints if each[0] <= seen))
            finer[judged.need.minute] = told.finer(judged.need, spot=False)


def _essence(trade: Trade) -> tuple[object, ...]:
    """A trade but for the time inside a minute and the data that told it."""
    exits = [
        (each.reason, each.quantity, floor_minute(each.fill.time), each.fill.price, each.gross) for each in trade.exits
    ]
    stands = (trade.stop, trade.trail) if trade.status.is_live else ()
    entry = trade.entry and (floor_minute(trade.entry.time), trade.entry.price)
    return trade.status, trade.cancelled_for, exits, *stands, entry, trade.reserved, trade.profit_loss, trade.ambiguous
