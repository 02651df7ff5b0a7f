"""Thousands of whole plans replayed over minutes made of a known tape: what every print says is what comes out."""

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from services.domain.market import Market
from tests.replay.desk import run
from tests.replay.outcomes import Settled, came_to, distances, expected
from tests.replay.random_plans import Maker
from tests.replay.tape_files import record
from tests.replay.tapes import Tape, bursts, leveraged, simulated, walk

_WILD = "JELLYJELLYUSDT"
_WILD_SPOT = "PEPEUSDT"
_EVERYWHERE = {"take_profit", "stop_loss", "break_even", "target_stop", "trailing_stop", "time_stop"}
_EVERYWHERE |= {"entry_expired", "target_before_entry"}
_JUMP = frozenset({"stop_before_entry"})
"""The simulator's tapes never jump at a minute's first print."""
_LIQUIDATED = frozenset({"liquidation"})


class Ground(NamedTuple):
    """`finer` is what is recorded beside minutes; up to `ambiguous_max` of the outcomes may be flagged, and some are
    unless that is 0. `also` must be seen beside what is seen everywhere.
    """

    tape: Callable[[random.Random], Tape]
    finer: tuple[str, ...]
    model: str
    count: int
    ambiguous_max: float
    also: frozenset[str] = frozenset()


GROUNDS = {
    "walk, prints": Ground(walk, ("prints",), "harsh", 1500, 0, _JUMP),
    "walk, minutes alone": Ground(walk, (), "optimistic", 1500, 0.3, _JUMP),
    "simulator, prints": Ground(lambda _: simulated(_WILD), ("prints",), "realistic", 2500, 0),
    "simulator, minutes alone": Ground(lambda _: simulated(_WILD), (), "optimistic", 1500, 0.3),
    "simulator on spot, seconds": Ground(
        lambda _: simulated(_WILD_SPOT, Market.SPOT), ("seconds",), "realistic", 1000, 0.1
    ),
    "bursts on spot, seconds": Ground(bursts, ("seconds",), "optimistic", 1000, 0.2, _JUMP),
    "bursts on spot, seconds and prints": Ground(bursts, ("seconds", "prints"), "harsh", 1500, 0),
    "leveraged, prints": Ground(leveraged, ("prints",), "realistic", 3000, 0.05, _LIQUIDATED),
    "leveraged, minutes alone": Ground(leveraged, (), "optimistic", 1500, 0.35, _LIQUIDATED),
}


@pytest.mark.parametrize("name", GROUNDS)
def test_plans_over_minutes_of_a_known_tape(tmp_path: Path, name: str, record_property):
    """Given minutes alone, and finer data on demand or none: everything that is not flagged is as the tape says.

    Same status, reason, minutes, quantities, fees, funding and profit, and the same prices: a stop inside a minute at
    the stop, one that the minute's first print is beyond at that print, market orders less what the fill model says.
    So a market order is as far from the print that reached it as it slips, and as that print is from the one before.
    """
    ground, chance = GROUNDS[name], random.Random(20250301)
    tape = ground.tape(chance)
    record(tmp_path, tape, finer=ground.finer)
    maker = Maker(chance, tape, ground.model)
    made = [maker.make(number) for number in range(ground.count)]
    lines, summary = run(tmp_path, [each.line for each in made], tmp_path, ground.model)
    assert not summary.problems
    told = {line["id"]: line for line in lines}
    assert len(told) == ground.count
    ambiguous = {number for number, line in told.items() if line["ambiguous"]}
    on = Settled(tape, tape.settled())
    wrong = [
        (came_to(told[number]), expected(each, on), each)
        for number, each in enumerate(made)
        if number not in ambiguous and came_to(told[number]) != expected(each, on)
    ]
    assert not wrong, (len(wrong), wrong[0])
    assert summary.ambiguous == len(ambiguous) <= ground.ambiguous_max * ground.count, summary.describe()
    assert ambiguous or not ground.ambiguous_max
    found = [each for number in told.keys() - ambiguous for each in distances(told[number], made[number], tape)]
    assert len(found) > ground.count / 4
    assert [each for each in found if each.is_ > each.may_be] == []
    record_property("furthest_percent", float(round(100 * max(each.is_ for each in found), 3)))
    record_property("ambiguous_percent", round(100 * len(ambiguous) / ground.count, 2))
    truths = {number: each.truth for number, each in enumerate(made) if each.truth is not None}
    reasons = {each.reason for truth in truths.values() for each in truth.exits}
    reasons |= {truth.cancelled_for for truth in truths.values()}
    assert reasons >= _EVERYWHERE | ground.also, reasons
    if tape.marks:
        sure = [truths[number] for number in truths.keys() - ambiguous]
        assert sum(truth.status == "CLOSED_LIQUIDATED" for truth in sure) > ground.count / 200
        assert sum(Decimal(line["funding"] or 0) != 0 for line in lines) > ground.count / 20
