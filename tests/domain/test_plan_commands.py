"""Whole plans with commands on their way, at any instant: closed in parts, edited, cancelled as every print says."""

from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.domain.command import Command, CommandKind, apply
from services.domain.fills import FillModel
from services.domain.path import floor_minute
from services.domain.plan import Rules, Target
from services.domain.trade import Reason, Trade
from tests.domain.plan_cases import PlanCase, plan_cases
from tests.domain.tapes import MINUTE, Case, Tape, at, carry, make_trade, price
from tests.oracle import plans as oracle

minutes = st.sets(st.integers(1, 3)).map(sorted)


class Commanded(NamedTuple):
    """A plan, and a command with its twin for the oracle."""

    case: PlanCase
    command: Command
    told: oracle.Command

    def truth(self) -> oracle.Truth:
        case = self.case
        return oracle.Truth(case.plan, case.start, self.told).run(case.tape.prints, case.tape.end)


@st.composite
def commanded(draw: st.DrawFn) -> Commanded:
    """A command at an instant of the tape, often at a print or just beside one."""
    case = draw(plan_cases())
    near = [time + shift for time, _ in case.tape.prints for shift in (-1, 0, 1) if time + shift > case.start]
    when = draw(st.sampled_from(near) if near else st.just(case.start + 1))
    assume(when < case.tape.end)
    kind = draw(st.sampled_from((CommandKind.CLOSE, *CommandKind)))
    fraction = draw(st.sampled_from((None, Decimal("0.5"), Decimal("0.25"), Decimal(1))))
    last, sign = case.tape.last_before(when), case.plan.sign
    stop = target = None
    if kind is CommandKind.EDIT:
        # As accepted: in order around the last price and the limit, whichever is nearer.
        around = (last, case.plan.limit) if case.plan.limit is not None else (last,)
        stop = min(sign * each for each in around) * sign - sign * draw(st.integers(1, 6))
        target = max(sign * each for each in around) * sign + sign * draw(st.integers(1, 6))
    command = Command(
        kind=kind,
        at=at(when),
        bid=price(last - 1),
        ask=price(last + 1),
        fraction=fraction if kind is CommandKind.CLOSE else None,
        stop_loss=None if stop is None else price(stop),
        targets=None if target is None else (Target(price(target)),),
    )
    quoted = last - sign
    return Commanded(case, command, oracle.Command(kind.value, when, quoted, command.fraction, stop, target))


def walked(made: Commanded, cuts: list[int], *, known: bool = True) -> Trade:
    edges = [0, *(cut * 60_000 for cut in cuts), made.case.tape.end]
    paths = [made.case.tape.path(start, end) for start, end in pairwise(edges)]
    return carry(Case(made.case.tape, made.case.trade, None, made.case.start, made.command), paths, known=known)


def check(made: Commanded, trade: Trade) -> None:
    truth, step = made.truth(), trade.instrument.filters.step_size
    assert (trade.status, trade.cancelled_for or "") == (truth.status, truth.cancelled_for)
    assert trade.held_from is None
    found = [(each.reason, floor_minute(each.fill.time), int(each.quantity / step)) for each in trade.exits]
    assert found == [(each.reason, at(each.minute * 60_000), each.quantity) for each in truth.exits]
    if trade.status == "OPEN":
        assert (trade.stop.price, trade.stop.reason) == (price(truth.stop), truth.reason)
        assert trade.remaining == truth.left * step


@given(commanded(), minutes)
def test_a_command_at_any_instant_of_a_whole_plan_meets_the_truth(made: Commanded, cuts: list[int]):
    trade = walked(made, cuts)
    assert not trade.ambiguous
    check(made, trade)


@given(commanded())
def test_without_finer_data_what_is_not_flagged_is_the_truth(made: Commanded):
    trade = walked(made, [], known=False)
    if not trade.ambiguous:
        check(made, trade)


@pytest.mark.parametrize("when", [MINUTE - 1, MINUTE, MINUTE + 1])
def test_a_command_up_to_the_instant_at_which_an_entry_expires_comes_first(when: int):
    """Nothing is traded there, so that only a later minute tells of it."""
    trade = make_trade(1, 995, 990, 1020, 0, FillModel.OPTIMISTIC)
    trade = msgspec.structs.replace(
        trade, plan=msgspec.structs.replace(trade.plan, rules=Rules(entry_expires_at=at(1)))
    )
    plan = oracle.Plan(1, 995, 995, 990, ((1020, Decimal(1)),), int(trade.quantity * 1000), expires_at=1)
    case = PlanCase(Tape(((3 * MINUTE, 1000),), 4), trade, plan, 0)
    command = Command(kind=CommandKind.CANCEL, at=at(when))
    made = Commanded(case, command, oracle.Command("cancel", when, 999))
    ended = walked(made, [])
    assert ended.ended_by == (Reason.CANCELLED if when <= MINUTE else Reason.ENTRY_EXPIRED)
    check(made, ended)


def test_an_edit_before_the_entry_is_of_the_plan_and_later_of_the_stop_alone():
    """What was at risk when it was entered stays what it was."""
    resting = make_trade(1, 999, 990, 1020, 0, FillModel.OPTIMISTIC)
    opened = make_trade(1, None, 990, 1020, 0, FillModel.OPTIMISTIC)
    stop = Command(kind=CommandKind.EDIT, at=at(1), stop_loss=price(995))
    targets = Command(kind=CommandKind.EDIT, at=at(1), targets=(Target(price(1030)),))
    for trade, command, planned, stands in (
        (resting, stop, 995, 995),
        (opened, stop, 990, 995),
        (resting, targets, 990, 990),
        (opened, targets, 990, 990),
    ):
        edited = apply(trade, command)
        assert (edited.plan.stop_loss, edited.stop.price) == (price(planned), price(stands))
        assert edited.plan.targets[0].price == price(1030 if command is targets else 1020)
        assert (edited.active_from, edited.version) == (at(1), 2)
