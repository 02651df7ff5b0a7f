"""What a change tells of a trade's way from state to state: bookings, revisions, events, and what it is."""

from decimal import Decimal

import msgspec

from services.domain.changes import Change, created, voided
from services.domain.fees import FillRole
from services.domain.fills import FillModel
from services.domain.path import MINUTE
from services.domain.profit import LedgerKind, exited
from services.domain.trade import DecidedBy, Evidence, Excursion, Fill, Reason, Stop, Trade, TradeStatus
from tests.domain.tapes import START, make_trade

D = Decimal
RESTING = make_trade(1, 999, 990, 1020, 0, FillModel.OPTIMISTIC)
OPEN = make_trade(1, None, 990, 1020, 0, FillModel.OPTIMISTIC)


def left(trade: Trade, quantity: Decimal | int) -> Trade:
    fill = Fill(START + MINUTE, D(101), FillRole.TAKER, D("0.1"), Evidence(DecidedBy.BAR))
    return exited(trade, fill, Reason.MANUAL, D(quantity))


def filled(trade: Trade) -> Trade:
    return trade.moved_to(TradeStatus.OPEN, entry=OPEN.entry)


def change(before: Trade | None, *steps: Trade) -> Change:
    return Change(before=before, after=steps[-1], steps=steps)


def told(made: Change) -> list[tuple[str, int]]:
    return [(event.action, event.trade.version) for event in made.events(START)]


def booked(made: Change) -> list[tuple[LedgerKind, int]]:
    return [(row.kind, row.part) for row in made.ledger()]


def test_a_new_trade_books_its_entry_or_nothing_yet():
    resting, opened = created(RESTING), created(OPEN)
    assert (told(resting), booked(resting)) == ([("created", 1)], [])
    assert (told(opened), booked(opened)) == ([("opened", 1)], [(LedgerKind.ENTRY_FEE, 0)])
    assert (resting.opens, opened.opens) == (False, True)
    assert resting.funds_needed == RESTING.reserved
    assert opened.funds_needed == OPEN.reserved + D("0.25")


def test_only_the_walk_has_done_with_a_command():
    for made in (created(RESTING), created(OPEN), voided(left(OPEN, 5), "wrong feed")):
        assert (made.command_at, made.command_done) == (None, False)


def test_each_exit_is_booked_once_with_its_number():
    part = left(OPEN, 2)
    whole = left(part, 3)
    rows = [(kind, part) for part in (1, 2) for kind in (LedgerKind.GROSS_PROFIT, LedgerKind.EXIT_FEE)]
    both = change(OPEN, part, whole)
    assert (booked(both), told(both)) == (rows, [("updated", 2), ("closed", 3)])
    assert [number for number, _ in both.exits()] == [1, 2]
    assert booked(change(OPEN, part)) == rows[:2]
    assert booked(change(part, whole)) == rows[2:]
    assert [number for number, _ in change(part, whole).exits()] == [2]
    assert [change(OPEN, part).closes, change(part, whole).closes] == [False, True]


def test_a_way_from_the_limit_to_the_exit_books_all_of_it():
    opened = filled(RESTING)
    ended = change(RESTING, opened, left(opened, opened.remaining))
    assert booked(ended) == [(LedgerKind.ENTRY_FEE, 0), (LedgerKind.GROSS_PROFIT, 1), (LedgerKind.EXIT_FEE, 1)]
    assert told(ended) == [("opened", 2), ("closed", 3)]
    assert ended.opens
    assert ended.closes


def test_what_a_void_takes_back_is_all_that_was_booked():
    closed = left(OPEN, 5)
    void = voided(closed, "wrong feed")
    (row,) = void.ledger()
    assert (row.kind, row.amount) == (LedgerKind.VOID, -closed.profit_loss)
    assert (void.after.profit_loss, void.after.void_reason) == (0, "wrong feed")
    assert (void.voids, void.closes, told(void)) == (True, False, [("voided", 3)])


def test_a_cancelling_books_nothing():
    ended = change(RESTING, RESTING.moved_to(TradeStatus.CANCELLED, reserved=D(0), cancelled_for=Reason.CANCELLED))
    assert (told(ended), booked(ended)) == ([("cancelled", 2)], [])
    assert not ended.opens
    assert not ended.closes


def test_a_revision_is_a_state_with_the_stop_or_the_targets_elsewhere():
    moved = OPEN.changed(stop=Stop(D(100), Reason.BREAK_EVEN))
    flagged = moved.changed(ambiguous=True)
    fewer = flagged.changed(plan=msgspec.structs.replace(OPEN.plan, targets=()))
    assert list(change(OPEN, moved, flagged, fewer).revisions()) == [moved, fewer]
    assert list(created(OPEN).revisions()) == []


def test_how_far_a_trade_went_is_told_by_its_last_state_alone():
    far, first = Excursion(D(-1), D(2)), left(OPEN, 2)
    second = left(first, 1)
    whole = left(second, 2)
    measured = change(OPEN, first, second, whole).measured(far)
    assert measured.after == msgspec.structs.replace(whole, excursion=far)
    assert measured.steps == (first, second, measured.after)
    held = msgspec.structs.replace(whole, held_from=START)  # what only the walk needs, no step tells
    measured = Change(before=OPEN, after=held, steps=(first, second, whole)).measured(far)
    assert measured.after == msgspec.structs.replace(held, excursion=far)
    assert measured.steps == (first, second, msgspec.structs.replace(whole, excursion=far))


def test_what_only_the_walk_waits_for_is_not_stored():
    assert change(OPEN, left(OPEN, 5)).is_stored
    assert not Change(before=OPEN, after=msgspec.structs.replace(OPEN, held_from=START)).is_stored


def test_a_trade_that_is_new_and_over_at_once_has_all_of_its_exits():
    over = left(OPEN, OPEN.remaining)
    assert [number for number, _ in change(None, over).exits()] == [1]
