"""Coarser bars, and what a recording tells of futures beside the last price."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.usecases.replay_recording import Fineness
from tests.oracle.bars import Minutes, minutes, outcome
from tests.replay.desk import DAY, klines, ms, plan, random_plan, run, values, whole_plan
from tests.replay.test_folders import write
from tests.simulator.recordings import REAL, needs_recordings

FIVE = timedelta(minutes=5)
PLANS = 600
MODELS = ("optimistic", "realistic", "harsh")
PLACES = (("FUTURES", "LAYERUSDT"), ("FUTURES", "ETHUSDT"), ("FUTURES", "XRPUSDT"), ("SPOT", "ETHUSDT"))
Recorded = dict[tuple[str, str], Minutes]


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return {place: minutes(REAL, *place) for place in PLACES}


@pytest.fixture(scope="module")
def plans(recorded: Recorded) -> list[dict]:
    """Half of them with one target, which the oracle knows, half of them whole ones."""
    chance, made = random.Random(5), []
    for number in range(PLANS):
        place = chance.choice(PLACES)
        make = whole_plan if number % 2 else random_plan
        made.append(make(chance, f"plan-{number}", *place, recorded[place]))
    return made


def oracles(plans: list[dict], recorded: Recorded, model: str) -> dict[str, dict]:
    """What the minutes say of the plans with one target, without any code of the product."""
    found = {}
    for wish in plans[::2]:
        truth = outcome(wish, recorded[wish["market_type"], wish["symbol"]], model)
        if truth is not None:
            found[wish["id"]] = truth
    return found


@needs_recordings
@pytest.mark.parametrize("model", MODELS)
def test_with_the_minutes_at_hand_bars_of_five_come_to_the_same_figures(recorded, plans, model, tmp_path):
    """Real crashes: every line is that of a walk over the minutes, to the last cent, and the oracle's."""
    by_minutes, _ = run(REAL, plans, tmp_path, model, finer=Fineness.NONE)
    by_fives, _ = run(REAL, plans, tmp_path, model, bars="5m", finer=Fineness.MINUTES)
    told = [(line["status"], line["profit_loss"]) for line in by_minutes]
    assert [(line["status"], line["profit_loss"]) for line in by_fives] == told
    assert by_fives == by_minutes
    assert sum(profit is not None for _, profit in told) > PLANS * 0.6
    got = {line["id"]: values(line) for line in by_fives}
    truths = oracles(plans, recorded, model)
    assert {id_: got[id_] for id_ in truths} == truths
    reasons = {each["reason"] for line in by_fives for each in line["exits"]}
    assert reasons >= {"take_profit", "stop_loss", "break_even", "target_stop", "trailing_stop"}
    assert any(len(line["exits"]) == 3 for line in by_fives)


@needs_recordings
@pytest.mark.parametrize("model", MODELS)
def test_what_bars_of_five_decide_alone_without_a_flag_is_what_the_minutes_say(recorded, plans, model, tmp_path):
    """Real crashes: the same status, reason, quantities, entry and targets, and the same profit.

    But for a stop that the first print of a minute inside the bar has jumped over: five minutes do not see that, and
    have the stop's own price.
    """
    fives = []
    for wish in plans:
        begin = datetime.fromisoformat(wish["opened_at"])
        fives.append(wish | {"opened_at": (begin - (begin - datetime(1970, 1, 1, tzinfo=UTC)) % FIVE).isoformat()})
    by_minutes, _ = run(REAL, fives, tmp_path, model, finer=Fineness.NONE)
    by_fives, _ = run(REAL, fives, tmp_path, model, bars="5m", finer=Fineness.NONE)
    got = {line["id"]: line for line in by_minutes}
    for id_, truth in oracles(fives, recorded, model).items():
        assert values(got[id_]) == truth
    signs = {wish["id"]: 1 if wish["direction"] == "LONG" else -1 for wish in fives}
    compared = flagged = jumped = 0
    for line in by_fives:
        truth, sign = got[line["id"]], signs[line["id"]]
        flagged += line["ambiguous"]
        if line["ambiguous"] or truth["ambiguous"]:
            continue
        compared += 1
        assert decided(line) == decided(truth)
        beyond = is_jumped = False
        for here, there in zip(line["exits"], truth["exits"], strict=True):
            price, exact = Decimal(here["price"]) * sign, Decimal(there["price"]) * sign
            is_jumped |= price > exact
            beyond |= price < exact or (price > exact and here["reason"] == "take_profit")
        assert not beyond, (line, truth)
        if is_jumped:
            assert Decimal(line["profit_loss"]) > Decimal(truth["profit_loss"])
        else:
            assert line["profit_loss"] == truth["profit_loss"]
        jumped += is_jumped
    assert compared > PLANS * 0.7
    assert 10 < flagged < PLANS * 0.2
    assert jumped < compared * 0.02


def decided(line: dict) -> tuple:
    """All but times and the prices of exits."""
    exits = [(each["reason"], each["quantity"]) for each in line["exits"]]
    return line["status"], line["exit_reason"], line["entry_price"], line["quantity"], exits


CALM = "100 101 99 100"


def test_a_jump_over_the_stop_inside_a_bar_is_seen_by_the_minutes_alone(tmp_path):
    """And recorded bars of five give way to those minutes that make them up, not to fewer."""
    minutes_ = [CALM] * 6 + ["100 100 97 97", "93 94 92 93", *[CALM] * 5]
    fives = ["100 101 99 100"] + [""] * 4 + ["100 101 92 100"] + [""] * 4 + [CALM]
    found = {}
    for name, rows in (("whole", minutes_), ("part", [*minutes_[:7], "", *minutes_[8:]])):
        data = tmp_path / name
        write(data, "spot/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01.csv", klines(rows))
        write(data, "spot/daily/klines/AUSDT/5m/AUSDT-5m-2025-03-01.csv", klines(fives))
        for finer in (Fineness.MINUTES, Fineness.NONE):
            (line,), _ = run(data, [plan()], tmp_path, bars="5m", finer=finer)
            found[name, finer] = line["exit_price"], line["exit_time"][14:19]
    assert found == {
        ("whole", Fineness.MINUTES): ("93", "07:00"),
        ("whole", Fineness.NONE): ("95", "09:59"),
        ("part", Fineness.MINUTES): ("95", "09:59"),
        ("part", Fineness.NONE): ("95", "09:59"),
    }


@pytest.mark.parametrize("inside", [True, False])
def test_what_slips_in_long_bars_is_a_tenth_of_the_range_of_a_minute(inside, tmp_path):
    """Of the minutes where there are any; else of the bars, whose range is the root of five times as large."""
    fives = [text for _ in range(20) for text in ("100 101 99 100", "", "", "", "")]
    write(tmp_path, "spot/daily/klines/AUSDT/5m/AUSDT-5m-2025-03-01.csv", klines(fives))
    if inside:
        rows = ["100 101 100 100", "100 100 99 100"] * 50
        write(tmp_path, "spot/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01.csv", klines(rows))
    opened = (DAY + timedelta(minutes=50)).isoformat()
    (line,), _ = run(tmp_path, [plan(opened_at=opened)], tmp_path, "realistic", bars="5m", finer=Fineness.NONE)
    expected = Decimal("0.01") if inside else Decimal("0.02") / Decimal(5).sqrt()
    assert abs(Decimal(line["evidence"]["entry"]["slippage"]) * 10 - expected) < Decimal("1e-10")


FUTURES = {"market_type": "FUTURES", "leverage": 10, "stop_loss": "92"}


def futures_folder(folder, mark=None, rates=None):
    write(folder, "futures/um/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01.csv", klines([CALM] * 120 + ["100 111 99 110"]))
    if mark:
        write(folder, "futures/um/daily/markPriceKlines/AUSDT/1m/AUSDT-1m-2025-03-01.csv", klines(mark))
    if rates:
        rows = ["calc_time,funding_interval_hours,last_funding_rate"]
        rows += [f"{ms(DAY + timedelta(minutes=minute)) + 3},1,{rate}" for minute, rate in rates]
        write(folder, "futures/um/monthly/fundingRate/AUSDT/AUSDT-fundingRate-2025-03.csv", rows)


def test_a_recorded_mark_price_liquidates(tmp_path):
    futures_folder(tmp_path, ["100 100 100 100"] * 50 + ["100 100 90 100"] + ["100 100 100 100"] * 70)
    (line,), _ = run(tmp_path, [plan(**FUTURES)], tmp_path)
    assert (line["status"], line["exit_reason"]) == ("CLOSED_LIQUIDATED", "liquidation")
    assert line["exit_time"] == "2025-03-01T00:50:59.999000Z"
    assert Decimal(line["profit_loss"]) == -100 - Decimal("0.5")


def test_without_a_recorded_mark_price_nothing_is_liquidated(tmp_path):
    futures_folder(tmp_path)
    (line,), _ = run(tmp_path, [plan(**FUTURES)], tmp_path)
    assert line["status"] == "CLOSED_TP"


@pytest.mark.parametrize(("mark", "price"), [(["99 99 99 99"] * 121, 99), (None, 100)])
def test_recorded_rates_are_paid_at_the_mark_price_or_the_last(mark, price, tmp_path):
    futures_folder(tmp_path, mark, [(0, "0.001"), (60, "0.001"), (61, "-0.0005"), (120, "0.25")])
    opened = (DAY + timedelta(minutes=1)).isoformat()
    (line,), _ = run(tmp_path, [plan(opened_at=opened, **FUTURES)], tmp_path)
    # Of the one at the minute of the target only what is held then: it closes within, so it pays that too.
    assert Decimal(line["funding"]) == Decimal("0.2505") * price * Decimal(line["quantity"])


def test_a_length_that_cannot_be_is_refused(tmp_path):
    futures_folder(tmp_path)
    for bars in ("7m", "30s", "x"):
        with pytest.raises(Exception, match=r"interval|at least a minute"):
            run(tmp_path, [plan(**FUTURES)], tmp_path, bars=bars)
