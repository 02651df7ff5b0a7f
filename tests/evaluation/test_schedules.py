"""Outcomes depend on plan, commands and path, and on nothing else: not on how the messages about them come."""

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from services.domain.command import Command, CommandKind
from services.domain.fills import FillModel
from services.domain.path import MINUTE, floor_minute
from services.domain.plan import Direction
from tests.evaluation import oracle
from tests.evaluation.desk import START, Desk
from tests.evaluation.player import CLEAN, Op, Player, comparable, outcomes, schedules
from tests.evaluation.story import PLACES, Order, Story, Wish, stories
from tests.evaluation.tape import Print, Tape
from tests.evaluation.truth import terms_of, truth_of

MS = timedelta(milliseconds=1)
numbers = itertools.count()
with_database = settings(
    max_examples=3000 if settings.get_current_profile_name() == "long" else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """One trade a transaction: a message takes several, and a worker can die between any two."""
    monkeypatch.setattr("services.usecases.judge_paths.CHANGES_MAX", 1)


async def play(desk: Desk, story: Story, schedule: list[Op] | tuple[Op, ...]) -> list[dict[str, Any]]:
    number = next(numbers)
    symbols = [f"S{number}USDT", f"T{number}USDT"]
    await desk.list_more(*symbols)
    accounts = [await desk.account(f"{number} {name}") for name in "ab"]
    player = Player(desk, story, [desk.instrument(symbols[symbol], market) for market, symbol in PLACES], accounts)
    await player.play(schedule)
    return await outcomes(player)


def check_truth(story: Story, wish: Wish, outcome: dict[str, Any]) -> None:
    truth = truth_of(story, wish)
    assert outcome["quantity"] == terms_of(wish).quantity
    assert (outcome["status"], [action for action, _ in outcome["told"]]) == (truth.status, truth.actions)
    assert (outcome["entry_price"], outcome["exit_price"]) == (truth.entry_price, truth.exit_price)
    assert {kind: Decimal(amount) for kind, amount in (outcome["amounts"] or {}).items()} == truth.amounts
    assert outcome["profit_loss"] == (sum(truth.amounts.values()) if truth.exit_time else None)
    assert (outcome["mae"], outcome["mfe"]) == excursion_of(story, wish, truth, outcome["quantity"])
    assert (outcome["reserved"] == 0) == (truth.status not in ("PENDING", "OPEN"))
    for name, at in (("entry", truth.entry_time), ("exit", truth.exit_time)):
        if at is None:
            assert outcome[f"{name}_time"] is None
        else:
            assert outcome[f"{name}_time"] in oracle.told_times(at, outcome[f"{name}_evidence"]["decided_by"])


def excursion_of(
    story: Story, wish: Wish, truth: oracle.Truth, quantity: Decimal
) -> tuple[Decimal | None, Decimal | None]:
    """MAE and MFE by the tape: fills, and what printed in whole minutes between entry and exit."""
    if truth.exit_time is None:
        return None, None
    begin, end = floor_minute(truth.entry_time) + MINUTE, floor_minute(truth.exit_time)
    prices = [each.price for each in story.tapes[wish.place].prints if begin <= each.time < end]
    sign = 1 if wish.direction == "LONG" else -1
    moves = [(price - truth.entry_price) * sign for price in (truth.entry_price, truth.exit_price, *prices)]
    return round(min(moves) * quantity, 8), round(max(moves) * quantity, 8)


@with_database
@given(story=stories(), schedule=schedules())
async def test_any_schedule_ends_in_the_truth(desk: Desk, story: Story, schedule: list[Op]):
    found = await play(desk, story, schedule)
    for wish, outcome in zip(story.wishes, found, strict=True):
        check_truth(story, wish, outcome)
        assert not outcome["ambiguous"]
    assert await desk.violations() == []


@with_database
@given(story=stories(gone=True), schedule=schedules())
async def test_any_schedule_ends_as_one_clean_pass_where_finer_data_is_gone(
    desk: Desk, story: Story, schedule: list[Op]
):
    clean = await play(desk, story, CLEAN)
    found = await play(desk, story, schedule)
    for wish, expected, outcome in zip(story.wishes, clean, found, strict=True):
        assert comparable(outcome) == comparable(expected)
        if not outcome["ambiguous"]:
            check_truth(story, wish, outcome)
    assert await desk.violations() == []


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("told_ms", "close_ms", "status"), [(100, 300, "CLOSED_SL"), (20_000, 10_000, "CLOSED_MANUAL")]
)
async def test_a_command_and_the_first_print_of_its_minute(
    desk: Desk, told_ms: int, close_ms: int, status: str, at_once: bool
):
    """Just after the minute's turn the fetch for a command still ends with the minute before; and where a pair
    trades seldom, a minute's open may come after the command.
    """
    minute = START + MINUTE
    tape = Tape([Print(START, Decimal(100)), Print(minute + told_ms * MS, Decimal(94))])
    close = Command(kind=CommandKind.CLOSE, at=minute + close_ms * MS, bid=tape.prints[0].price, ask=Decimal(101))
    wish = Wish(
        place=1,
        account=0,
        direction=Direction.LONG,
        at=START + 10_000 * MS,
        last=Decimal(100),
        limit=None,
        stop=Decimal(95),
        target=Decimal(110),
        leverage=1,
        model=FillModel.OPTIMISTIC,
        orders=(Order(close, at_once),),
    )
    story = Story((tape, tape, tape), (wish,))
    [outcome] = await play(desk, story, CLEAN)
    assert outcome["status"] == status
    check_truth(story, wish, outcome)
