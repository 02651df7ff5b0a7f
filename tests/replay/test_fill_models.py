"""What the fill models make of the same plans on the same tape: the differences that the documentation states."""

import random
from decimal import Decimal
from statistics import fmean
from typing import Any

import pytest

from tests.replay.desk import DAY, run
from tests.replay.tape_files import record
from tests.replay.tapes import Tape, simulated

PLANS = 600
MODELS = ("optimistic", "realistic", "harsh")
Lines = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def tape() -> Tape:
    return simulated("JELLYJELLYUSDT")


@pytest.fixture(scope="module")
def lines(tape: Tape, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    """The same plans in each model: market and limit entries, one target as far as the stop."""
    folder, chance = tmp_path_factory.mktemp("fills"), random.Random(1)
    record(folder, tape, finer=["prints"])
    plans = []
    for number in range(PLANS):
        minute = chance.choice(sorted(tape.opens)[20:-30])
        sign, opened = chance.choice((1, -1)), tape.opens[minute]
        limit = number % 2 == 1
        entry = opened - sign * chance.randint(1, 6 * tape.scale) * limit
        away = chance.randint(5 * tape.scale, 15 * tape.scale)
        plans.append(
            {
                "id": number,
                "market_type": "FUTURES",
                "symbol": "AUSDT",
                "direction": "LONG" if sign > 0 else "SHORT",
                "entry_type": "LIMIT" if limit else "MARKET",
                "entry_price": str(tape.tick * entry) if limit else None,
                "stop_loss": str(tape.tick * (entry - sign * away)),
                "take_profit": str(tape.tick * (entry + sign * away)),
                "position_size": "100",
                "leverage": 1,
                "opened_at": f"{DAY:%Y-%m-%d}T{minute // 60:02}:{minute % 60:02}:00Z",
            }
        )
    return {model: run(folder, plans, folder, model)[0] for model in MODELS}


def price(line: dict[str, Any], name: str) -> Decimal:
    return Decimal(line[f"{name}_price"])


def test_market_entries_slip_by_half_the_spread_and_a_tenth_of_the_range_and_by_twice_that(lines: Lines, tape: Tape):
    slippages, shares = tape.slippages(), {"realistic": 1, "harsh": 2}
    seen = 0
    for number in range(0, PLANS, 2):
        exact = lines["optimistic"][number]
        opened = exact["entry_time"]
        minute = int(opened[11:13]) * 60 + int(opened[14:16])
        assert price(exact, "entry") == tape.tick * tape.opens[minute]
        for model, factor in shares.items():
            line = lines[model][number]
            if line["status"] == "REJECTED":  # it slipped beyond its target: no longer a plan
                continue
            seen += 1
            slipped = abs(price(line, "entry") - price(exact, "entry"))
            due = price(exact, "entry") * slippages[minute] * factor
            assert due <= slipped < due + tape.tick
            assert Decimal(line["evidence"]["entry"]["slippage"]) == slippages[minute] * factor
    assert seen > PLANS * 0.9


def test_stops_slip_and_targets_do_not(lines: Lines, tape: Tape):
    stops = 0
    for model, factor in (("realistic", 1), ("harsh", 2)):
        for exact, line in zip(lines["optimistic"], lines[model], strict=True):
            if line["exit_reason"] == exact["exit_reason"] == "take_profit":
                assert price(line, "exit") == price(exact, "exit")
            if line["exit_reason"] == exact["exit_reason"] == "stop_loss":
                share = Decimal(line["evidence"]["exit"]["slippage"])
                slipped = abs(price(line, "exit") - price(exact, "exit"))
                assert price(exact, "exit") * share <= slipped < price(exact, "exit") * share + tape.tick
                assert Decimal(exact["evidence"]["exit"]["slippage"]) == 0
                stops += factor
    assert stops > 50


def test_a_limit_fills_when_touched_and_in_the_harsh_model_when_traded_through(lines: Lines):
    filled = {model: sum(line["entry_time"] is not None for line in lines[model][1::2]) for model in MODELS}
    assert filled["optimistic"] == filled["realistic"] > filled["harsh"]
    for touched, through in zip(lines["optimistic"][1::2], lines["harsh"][1::2], strict=True):
        if through["entry_time"] is not None:
            assert touched["entry_time"] is not None
            assert touched["entry_time"] <= through["entry_time"]
            assert touched["entry_price"] == through["entry_price"]


def test_each_model_is_worse_than_the_one_before(lines: Lines):
    means = [
        fmean(float(line["profit_loss"]) for line in lines[model] if line["profit_loss"] is not None)
        for model in MODELS
    ]
    assert means == sorted(means, reverse=True)
    assert means[0] - means[1] > 0.1  # USDT a trade of 100
    assert means[1] - means[2] > 0.1
