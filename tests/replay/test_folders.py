"""Small recordings in every form, finer data, gaps, and everything that can be wrong with plans and files."""

import json
import random
import re
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from services.domain.fills import FillModel
from services.usecases.replay import ReplayError, replay
from tests.oracle.bars import minutes, outcome
from tests.oracle.money import Grid
from tests.replay.desk import DAY, klines, ms, plan, run, values
from tests.simulator.recordings import write

SPOT = "spot/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01"
CALM = "100 101 99 100"
BOTH = "100 111 94 100"


def prints(*rows: tuple[float, str], start: datetime = DAY) -> list[str]:
    """aggTrades of (second, price)."""
    return [
        f"{n},{price},1,{n},{n},{ms(start) + int(second * 1000)},true,true" for n, (second, price) in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("place", "unit"),
    [
        (SPOT + ".csv", 1),
        (SPOT + ".zip", 1000),
        ("spot/monthly/klines/AUSDT/1m/AUSDT-1m-2025-03.zip", 1),
        ("spot/monthly/klines/AUSDT/1m/AUSDT-1m-2025-03.csv", 1000),
    ],
)
def test_a_winner_in_every_form(tmp_path, place, unit):
    write(tmp_path, place, klines([CALM, CALM, "100 112 99.5 108"], unit=unit))
    (line,), summary = run(tmp_path, [plan()], tmp_path)
    assert line == {
        "id": "a",
        "status": "CLOSED_TP",
        "entry_time": "2025-03-01T00:00:00Z",
        "entry_price": "100",
        "exit_time": "2025-03-01T00:02:59.999000Z",
        "exit_price": "110",
        "exit_reason": "take_profit",
        "exits": [
            {"reason": "take_profit", "time": "2025-03-01T00:02:59.999000Z", "price": "110", "quantity": "1"},
        ],
        "quantity": "1",
        "fees": "0.21000000",
        "funding": "0",
        "profit_loss": "9.79000000",
        "ambiguous": False,
        "evidence": {
            "entry": {
                "decided_by": "open",
                "bar": ["2025-03-01T00:00:00Z", "2025-03-01T00:00:59.999000Z", "100", "101", "99", "100"],
                "slippage": "0",
            },
            "exit": {
                "decided_by": "bar",
                "bar": ["2025-03-01T00:02:00Z", "2025-03-01T00:02:59.999000Z", "100", "112", "99.5", "108"],
            },
        },
    }
    assert summary.problems == []
    assert summary.statuses == {"CLOSED_TP": 1}
    assert "1 plans" in summary.describe()


def test_an_entry_waits_for_the_first_minute_at_or_after_it(tmp_path):
    write(tmp_path, SPOT + ".csv", klines([CALM, "102 103 102 102", "", "105 106 104 105"]))
    at = [DAY, DAY + timedelta(seconds=1), DAY + timedelta(minutes=1, seconds=30), DAY + timedelta(minutes=3)]
    lines, _ = run(tmp_path, [plan(id=n, opened_at=time.isoformat()) for n, time in enumerate(at)], tmp_path)
    assert [line["entry_price"] for line in lines] == ["100", "102", "105", "105"]
    assert lines[2]["entry_time"] == "2025-03-01T00:03:00Z"


def test_a_gap_between_minutes_and_between_files(tmp_path):
    next_day = "spot/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-04.zip"
    write(tmp_path, SPOT + ".zip", klines([CALM, "", "", "96 97 95.5 96"]))
    write(tmp_path, next_day, klines(["90 91 89 90"], start=DAY + timedelta(days=3)))
    (line,), _ = run(tmp_path, [plan()], tmp_path)
    assert (line["status"], line["exit_price"], line["exit_time"]) == ("CLOSED_SL", "90", "2025-03-04T00:00:00Z")


def test_finer_data_decides_ambiguous_minutes(tmp_path):
    write(tmp_path, SPOT + ".csv", klines([CALM, BOTH]))
    plans = [plan(), plan(id="resting", entry_type="LIMIT", entry_price="98", stop_loss="90", take_profit="110")]
    (first, resting), _ = run(tmp_path, plans, tmp_path)
    assert (first["status"], first["ambiguous"]) == ("CLOSED_SL", True)
    assert (resting["status"], resting["ambiguous"]) == ("OPEN", True)
    second = DAY + timedelta(minutes=1)
    told = prints((0.5, "100"), (10.25, "111"), (20, "94"), (50, "100"), start=second)
    path = write(tmp_path, "spot/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-03-01.zip", told)
    (first, resting), _ = run(tmp_path, plans, tmp_path)
    assert (first["status"], first["ambiguous"], first["exit_price"]) == ("CLOSED_TP", False, "110")
    assert first["exit_time"] == "2025-03-01T00:01:10.250000Z"
    assert first["evidence"]["exit"]["decided_by"] == "prints"
    assert (resting["status"], resting["ambiguous"], resting["entry_price"]) == ("OPEN", False, "98")
    assert resting["entry_time"] == "2025-03-01T00:01:20Z"
    path.unlink()
    write(tmp_path, "spot/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-03-01.csv", told[:2])
    (cut, _), _ = run(tmp_path, plans, tmp_path)
    assert (cut["status"], cut["ambiguous"]) == ("CLOSED_SL", True)  # a file that lacks the low proves nothing


def test_seconds_first_and_prints_where_a_second_holds_both(tmp_path):
    write(tmp_path, SPOT + ".csv", klines([CALM, BOTH]))
    start = DAY + timedelta(minutes=1)
    seconds = [
        f"{ms(start) + n * 1000},{','.join(text.split())},1,{ms(start) + n * 1000 + 999}"
        for n, text in enumerate(["100 100 100 100", BOTH, "100 100 100 100"])
    ]
    write(tmp_path, "spot/daily/klines/AUSDT/1s/AUSDT-1s-2025-03-01.csv", seconds)
    (line,), _ = run(tmp_path, [plan()], tmp_path)
    assert (line["status"], line["ambiguous"]) == ("CLOSED_SL", True)
    assert line["exit_time"] == "2025-03-01T00:01:01.999000Z"
    told = prints((0.5, "100"), (1.1, "111"), (1.2, "94"), (2, "100"), start=start)
    write(tmp_path, "spot/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-03-01.csv", told)
    (line,), _ = run(tmp_path, [plan()], tmp_path)
    assert (line["status"], line["ambiguous"]) == ("CLOSED_TP", False)
    assert line["exit_time"] == "2025-03-01T00:01:01.100000Z"


def test_the_grid_of_exchange_info(tmp_path):
    write(tmp_path, SPOT + ".csv", klines([CALM, "100 100.6 99.6 100", "100 100 94 95"]))
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.50000000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.30000000", "minQty": "0.30000000"},
        {"filterType": "NOTIONAL", "minNotional": "50.00000000"},
    ]
    row = {"symbol": "AUSDT", "status": "BREAK", "baseAsset": "A", "quoteAsset": "USDT", "filters": filters}
    (tmp_path / "exchangeInfo.json").write_text(json.dumps({"symbols": [row]}))
    grid = Grid(Decimal("0.5"), Decimal("0.3"), Decimal("0.3"), Decimal(50))
    later = (DAY + timedelta(minutes=1)).isoformat()
    plans = [plan(stop_loss="95.3", take_profit="103.2", opened_at=later), plan(id="small", position_size="59")]
    for model in FillModel:
        lines, _ = run(tmp_path, plans, tmp_path, model)
        expected = [outcome(each, minutes(tmp_path, "SPOT", "AUSDT"), model, grid) for each in plans]
        assert [values(line) for line in lines] == expected
    assert [line["status"] for line in lines] == ["CLOSED_SL", "REJECTED"]
    assert lines[0]["quantity"] == "0.9"
    assert "minimum is 50" in lines[1]["evidence"]["reason"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("{", "line 2: "),
        ("[]", "line 2: "),
        ("\x00\xff", "line 2: "),
        (plan(stop_loss="NaN"), "line 2: stop_loss: "),
        (plan(take_profit="Infinity"), "line 2: take_profit: "),
        (plan(position_size="-1"), "line 2: position_size: "),
        (plan(position_size="1e15"), "line 2: position_size: "),
        (plan(stop_loss="0"), "line 2: stop_loss: "),
        (plan(stop_loss="ninety"), "line 2: .*stop_loss"),
        (plan(opened_at="2025-03-01T00:00:00"), "line 2: .*opened_at"),
        (plan(direction="UP"), "line 2: .*direction"),
        (plan(market_type="MARGIN"), "line 2: .*market_type"),
        (plan(symbol="../A"), "line 2: symbol: "),
        (plan(direction="SHORT", stop_loss="110", take_profit="95"), "line 2: direction: "),
        (plan(leverage=3), "line 2: leverage: "),
        (plan(leverage=1.5), "line 2: .*leverage"),
        (plan(entry_price="100"), "line 2: entry_price: "),
        (plan(entry_type="LIMIT"), "line 2: entry_price: "),
        (plan(entry_type="LIMIT", entry_price="95"), "line 2: stop_loss: "),
        ({"id": "b"}, "line 2: .*market_type"),
    ],
)
def test_a_bad_line_is_told_and_the_rest_goes_on(tmp_path, wrong, told):
    write(tmp_path, SPOT + ".csv", klines([CALM]))
    lines, summary = run(tmp_path, [plan(id="first"), wrong, "", plan(id=4)], tmp_path)
    assert [line["id"] for line in lines] == ["first", 4]
    (problem,) = summary.problems
    assert re.match(told, problem)


def test_what_the_recording_does_not_reach(tmp_path):
    write(tmp_path, SPOT + ".csv", klines([CALM]))
    plans = [
        plan(id="late", opened_at=(DAY + timedelta(minutes=1)).isoformat()),
        plan(id="other symbol", symbol="BUSDT"),
        plan(id="other market", market_type="FUTURES"),
        plan(id="never", entry_type="LIMIT", entry_price="97"),
        plan(id="open"),
        plan(id="misfit", stop_loss="100"),
    ]
    lines, summary = run(tmp_path, plans, tmp_path)
    assert {line["id"]: line["status"] for line in lines} == {
        "late": "PENDING",
        "other symbol": "PENDING",
        "other market": "PENDING",
        "never": "PENDING",
        "open": "OPEN",
        "misfit": "REJECTED",
    }
    late, symbol, market, never, opened, misfit = lines
    assert "ends before" in late["evidence"]["reason"]
    assert "SPOT BUSDT" in symbol["evidence"]["reason"]
    assert "FUTURES AUSDT" in market["evidence"]["reason"]
    assert never["evidence"] == {}
    assert (opened["exit_time"], opened["profit_loss"], opened["fees"]) == (None, None, "0.10000000")
    assert "stop_loss must lie below the entry 100" in misfit["evidence"]["reason"]
    assert len(summary.problems) == 2


def test_a_plan_in_a_hole_never_enters_and_holes_under_open_trades_are_named(tmp_path):
    hour = timedelta(hours=1)
    write(tmp_path, SPOT + ".csv", klines([CALM] * 3) + klines([CALM], DAY + 3 * hour))
    later = DAY + timedelta(days=40)
    write(tmp_path, f"spot/daily/klines/AUSDT/1m/AUSDT-1m-{later:%Y-%m-%d}.csv", klines([CALM], later))
    times = {
        "before": DAY - 2 * hour,
        "just before": DAY - timedelta(minutes=59),
        "inside": DAY + timedelta(minutes=5),
        "near its end": DAY + 2 * hour,
        "between the files": DAY + timedelta(days=10),
    }
    plans = [plan(id=name, opened_at=time.isoformat()) for name, time in times.items()]
    lines, summary = run(tmp_path, [*plans, "no plan"], tmp_path)
    told = {line["id"]: (line["status"], line["evidence"].get("reason", "")[:46]) for line in lines}
    unrecorded = ("PENDING", "no trade is recorded from opened_at until 2025")
    assert {name for name, what in told.items() if what == unrecorded} == {"before", "inside", "between the files"}
    assert {what for what in told.values() if what != unrecorded} == {("OPEN", "")}
    assert summary.holes == [
        "SPOT AUSDT: no trade is recorded from 2025-03-01 00:03 to 2025-03-01 03:00, with up to 1 plans live",
        "SPOT AUSDT: no trade is recorded from 2025-03-01 03:01 to 2025-04-10 00:00, with up to 2 plans live",
    ]
    assert (summary.bad_lines, summary.never_entered) == (1, 3)
    assert "1 bad lines, 3 plans never entered" in summary.describe()


@pytest.mark.parametrize(("wrong", "code"), [([], 0), ([plan(leverage=0)], 3), (["x"], 3), ([plan(symbol="BUSDT")], 3)])
def test_the_exit_code_tells_whether_every_line_was_good(tmp_path, wrong, code):
    write(tmp_path, SPOT + ".csv", klines([CALM]))
    lines = [each if isinstance(each, str) else json.dumps(each) for each in [plan(), *wrong]]
    wishes, out = write(tmp_path, "plans.jsonl", lines), tmp_path / "closed.jsonl"
    command = [
        sys.executable,
        "-c",
        "from paperfleet.cli import main; main()",
        "replay",
        str(tmp_path),
        "--plans",
        wishes,
        "--out",
        out,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    assert f"{code == 3 and 'BUSDT' not in done.stderr:d} bad lines" in done.stderr


def test_a_broken_file_ends_its_instrument_only(tmp_path):
    rows = klines([CALM, CALM])
    write(tmp_path, SPOT + ".csv", rows)
    write(tmp_path, "spot/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-02.csv", [rows[0].replace("101", "x")])
    write(tmp_path, "spot/daily/klines/BUSDT/1m/BUSDT-1m-2025-03-01.csv", klines([CALM, "100 100 90 90"]))
    later = (DAY + timedelta(days=1)).isoformat()
    lines, summary = run(tmp_path, [plan(), plan(id="late", opened_at=later), plan(id="b", symbol="BUSDT")], tmp_path)
    assert [line["status"] for line in lines] == ["OPEN", "PENDING", "CLOSED_SL"]
    (problem,) = summary.problems
    assert "AUSDT-1m-2025-03-02.csv, line 1" in problem
    assert "cannot be read" in lines[1]["evidence"]["reason"]


@pytest.mark.parametrize("place", [SPOT, "spot/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-03-01"])
def test_no_damage_stops_the_others(tmp_path, place):
    write(tmp_path, SPOT + ".zip", klines([CALM, BOTH] * 200))
    told = [f"{n},100.{n % 7},1,1,1,{ms(DAY) + 60_000 + n},true" for n in range(2000)]
    write(tmp_path, "spot/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-03-01.zip", told)
    write(tmp_path, "spot/daily/klines/BUSDT/1m/BUSDT-1m-2025-03-01.csv", klines([CALM, "100 100 90 90"]))
    whole = (tmp_path / f"{place}.zip").read_bytes()
    chance = random.Random(3)
    for _ in range(20):
        damaged = bytearray(whole)
        for _ in range(5):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        (tmp_path / f"{place}.zip").write_bytes(damaged)
        lines, _ = run(tmp_path, [plan(), plan(id="b", symbol="BUSDT")], tmp_path)
        assert [line["id"] for line in lines] == ["a", "b"]
        assert lines[1]["status"] == "CLOSED_SL"


def test_what_cannot_start_is_refused(tmp_path):
    write(tmp_path, SPOT + ".csv", klines([CALM]))
    plans = write(tmp_path, "plans.jsonl", [json.dumps(plan())])

    def go(data, wishes, out):
        replay(data, wishes, out, FillModel.REALISTIC, lambda done, total: None)

    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments in (
        (empty, plans, tmp_path / "out"),
        (tmp_path, tmp_path / "no plans", tmp_path / "out"),
        (tmp_path, plans, tmp_path / "no folder" / "out"),
    ):
        with pytest.raises(ReplayError):
            go(*arguments)
    (tmp_path / "exchangeInfo.json").write_text('{"symbols": [{"symbol": 1}]}')
    with pytest.raises(ReplayError, match="exchangeInfo"):
        go(tmp_path, plans, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_progress_comes_to_all_plans(tmp_path):
    write(tmp_path, SPOT + ".csv", klines([CALM, "100 100 90 90"]))
    plans = write(tmp_path, "plans.jsonl", [json.dumps(plan(id=n)) for n in range(5)])
    told: list[tuple[int, int]] = []
    replay(tmp_path, plans, tmp_path / "out", FillModel.REALISTIC, lambda done, total: told.append((done, total)))
    assert told[0] == (0, 5)
    assert told[-1] == (5, 5)
    assert told == sorted(told)
