"""Coarser bars, and what a recording tells of futures beside the last price."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.usecases.replay_recording import Fineness
from tests.oracle.bars import FOLDERS, minutes, outcome
from tests.replay.desk import DAY, klines, ms, plan, random_plan, run
from tests.replay.test_folders import write
from tests.simulator.recordings import REAL, needs_recordings

FIVE = timedelta(minutes=5)
PLANS = 600


@needs_recordings
@pytest.mark.parametrize("finer", [Fineness.MINUTES, Fineness.NONE])
def test_what_coarse_bars_decide_without_a_flag_is_what_the_minutes_say(finer, tmp_path):
    """Real crashes, judged by bars of five minutes; the minutes, walked by the oracle, are the truth."""
    chance = random.Random(5)
    recorded = {("FUTURES", symbol): minutes(REAL, "FUTURES", symbol) for symbol in ("LAYERUSDT", "ETHUSDT", "XRPUSDT")}
    recorded["SPOT", "ETHUSDT"] = minutes(REAL, "SPOT", "ETHUSDT")
    assert all(FOLDERS[market] for market, _ in recorded)
    plans = []
    while len(plans) < PLANS:
        key = chance.choice(list(recorded))
        wish = random_plan(chance, f"plan-{len(plans)}", *key, recorded[key])
        begin = datetime.fromisoformat(wish["opened_at"])
        aligned = begin - (begin - datetime(1970, 1, 1, tzinfo=UTC)) % FIVE
        plans.append(wish | {"opened_at": aligned.isoformat()})
    lines, _ = run(REAL, plans, tmp_path, bars="5m", finer=finer)
    got = {line["id"]: line for line in lines}
    compared = flagged = decided = 0
    for wish in plans:
        truth = outcome(wish, recorded[wish["market_type"], wish["symbol"]], "optimistic")
        if truth is None:
            continue
        line = got[wish["id"]]
        flagged += line["ambiguous"]
        fills = [line["evidence"].get(name, {}) for name in ("entry", "exit")]
        decided += any(fill.get("decided_by") == "minutes" for fill in fills)
        if finer is Fineness.MINUTES:
            assert truth["ambiguous"] or not line["ambiguous"]
        if truth["ambiguous"] or line["ambiguous"]:
            continue
        compared += 1
        assert (line["status"], line["entry_price"] and Decimal(line["entry_price"])) == (
            truth["status"], truth["entry_price"])  # fmt: skip
        if line["exit_price"] is None:
            continue
        price, sign = Decimal(line["exit_price"]), 1 if wish["direction"] == "LONG" else -1
        if line["status"] == "CLOSED_TP":
            assert price == truth["exit_price"]
        else:  # a minute inside the bar may have jumped over the stop: coarse bars do not see that
            assert truth["exit_price"] * sign <= price * sign <= Decimal(wish["stop_loss"]) * sign
    assert compared > PLANS * 0.8
    if finer is Fineness.MINUTES:
        assert decided > 10
        assert flagged < PLANS * 0.1
    else:
        assert flagged > 10


CALM = "100 101 99 100"
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
