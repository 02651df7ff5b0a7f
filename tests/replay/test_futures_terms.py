"""What contracts are judged by in a recording: whose brackets, and what nobody recorded of them."""

import json

import pytest

from services.binance.brackets import as_of
from services.usecases.replay import ReplayError
from tests.replay.desk import klines, plan, run
from tests.simulator.recordings import write

KLINES = "futures/um/daily/{kind}/BTCUSDT/1m/BTCUSDT-1m-2025-03-01.csv"
CALM = "100 101 99 100"
BRACKETS = [
    {
        "symbol": "BTCUSDT",
        "brackets": [
            {
                "bracket": 1,
                "initialLeverage": 4,
                "notionalCap": 1000000,
                "notionalFloor": 0,
                "maintMarginRatio": 0.02,
                "cum": 0,
            }
        ],
    }
]
LONG = plan(market_type="FUTURES", symbol="BTCUSDT", stop_loss="99.5", leverage=5)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, KLINES.format(kind="klines"), klines([CALM] * 3))
    return tmp_path


def test_without_more_the_shipped_brackets_hold_and_nothing_liquidates_or_pays(folder):
    (line,), summary = run(folder, [LONG], folder)
    assert line["status"] == "CLOSED_SL"
    assert summary.terms == (
        f"maintenance brackets: the shipped table of {as_of()}",
        "no mark price is recorded of 1 of 1 contracts: no liquidation there",
        "no funding rates are recorded of 1 of 1 contracts: none is paid there",
    )
    assert summary.describe().endswith("\n".join(summary.terms))


def test_a_recording_with_brackets_is_judged_by_them(folder):
    (folder / "leverageBracket.json").write_text(json.dumps(BRACKETS))
    write(folder, KLINES.format(kind="markPriceKlines"), klines([CALM] * 3))
    (line,), summary = run(folder, [LONG], folder)
    assert line["status"] == "REJECTED"
    assert "leverage 4" in json.dumps(line)
    assert summary.terms[0] == (
        f"maintenance brackets: leverageBracket.json for 1 contracts, else the shipped table of {as_of()}"
    )
    assert len(summary.terms) == 2


def test_broken_brackets_are_told_with_their_file(folder):
    (folder / "leverageBracket.json").write_text('[{"symbol": "BTCUSDT", "brackets": []}]')
    with pytest.raises(ReplayError, match=r"leverageBracket.json: BTCUSDT: the brackets must begin at a notional of 0"):
        run(folder, [LONG], folder)


def test_spot_has_no_such_terms(tmp_path):
    write(tmp_path, "spot/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01.csv", klines([CALM] * 3))
    _, summary = run(tmp_path, [plan()], tmp_path)
    assert summary.terms == ()
