"""The check of slots sees what it is there for: slots sent twice, claimed twice, and slots that nobody asked for."""

from datetime import UTC, datetime, timedelta

from tests.chaos.ground import Absence
from tests.chaos.rhythm import Life, life, missing
from tests.fleet import slots

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
STEP = timedelta(seconds=2)


def line(event: str, number: int, job: str = "cycle", step: timedelta = STEP) -> str:
    return f'timestamp=x level=debug event="{event}" job="{job}" slot={(START + number * step).isoformat()} messages=1'


def both(number: int, job: str = "cycle", step: timedelta = STEP) -> list[str]:
    return [line(event, number, job, step) for event in (slots.CLAIMED, slots.DISPATCHED)]


def wrong(*logs: list[str]) -> list[str]:
    return list(slots.wrong("\n".join(log) for log in logs))


def test_slots_claimed_and_dispatched_once_are_right():
    assert wrong(both(0) + both(2), both(1) + both(0, "sweep SPOT")) == []


def test_a_slot_dispatched_twice():
    assert any("dispatched twice" in each for each in wrong(both(0) + both(1), both(1)))


def test_a_dispatch_that_nobody_claimed():
    assert any("claimed by nobody" in each for each in wrong(both(0), [line(slots.DISPATCHED, 1)]))


def test_a_slot_claimed_twice_though_nobody_noted_that_it_was_sent():
    assert any("claimed twice" in each for each in wrong([*both(0), line(slots.CLAIMED, 1)], both(1)))


def test_a_slot_that_lasts_may_be_taken_over():
    minute = timedelta(minutes=1)
    logs = [*both(0, "reconcile", minute), line(slots.CLAIMED, 1, "reconcile", minute)]
    assert wrong(logs, both(1, "reconcile", minute)) == []


def test_a_slot_of_the_cycle_is_missing_unless_all_schedulers_were_away():
    begin = START.timestamp()
    cycle = {begin + 2 * number for number in range(10) if number != 5}
    one = Life("scheduler-1", begin, begin + 60)
    assert len([*missing(cycle, [one], [])]) == 1
    assert [*missing(cycle | {begin + 10}, [one], [])] == []
    assert [
        *missing(cycle, [Life("scheduler-1", begin, begin + 10), Life("scheduler-1", begin + 12, begin + 60)], [])
    ] == []
    frozen = [Absence("scheduler-1", begin + 10, begin + 12)]
    assert [*missing(cycle, [one], frozen)] == []
    assert len([*missing(cycle, [one, Life("scheduler-2", begin, begin + 60)], frozen)]) == 1


def test_a_scheduler_works_from_its_ready_line_to_its_last_by_the_true_clock():
    minute = timedelta(minutes=10)
    lines = [
        'timestamp=2026-07-01T12:10:00Z level=debug event="Using selector"',
        'timestamp=2026-07-01T12:10:01Z level=info event="scheduler ready" jobs=[]',
        'timestamp=2026-07-01T12:10:09Z level=debug event="slot claimed" job=cycle',
        "of something else",
    ]
    begin = START.timestamp()
    assert life("scheduler-1.2.log", "\n".join(lines), {"scheduler-1": minute}) == Life(
        "scheduler-1", begin + 1, begin + 9
    )
    assert life("scheduler-1.3.log", lines[0], {}) is None
