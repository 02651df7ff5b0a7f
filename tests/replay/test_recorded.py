"""Random plans on the recorded crashes: every line as the oracle has it."""

import json
import random
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracle.bars import FOLDERS, Minutes, minutes, outcome
from tests.oracle.money import Grid
from tests.replay.desk import random_plan, run, values
from tests.simulator.recordings import REAL, needs_recordings

PLANS = 1500
Recorded = dict[tuple[str, str], Minutes]


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    found = {}
    for market, place in FOLDERS.items():
        for folder in sorted((REAL / place / "daily" / "klines").iterdir()):
            found[market, folder.name] = minutes(REAL, market, folder.name)
    return found


@pytest.fixture(scope="module")
def plans(recorded: Recorded) -> list[dict]:
    """Plans in no order of time or instrument; half of them on LAYERUSDT's crash and the one of February 3rd."""
    chance = random.Random(20250203)
    wild = [("FUTURES", symbol) for symbol in ("LAYERUSDT", "ETHUSDT", "XRPUSDT", "ADAUSDT")] + [("SPOT", "ETHUSDT")]
    made = []
    for n in range(PLANS):
        key = chance.choice(wild if n % 2 else list(recorded))
        made.append(random_plan(chance, f"plan-{n}", *key, recorded[key]))
    return made


@needs_recordings
@pytest.mark.parametrize("model", ["optimistic", "realistic", "harsh"])
def test_every_line_is_the_oracles(recorded, plans, model, tmp_path):
    compare(REAL, recorded, plans, model, {}, tmp_path)


@needs_recordings
@pytest.mark.parametrize("model", ["realistic", "harsh"])
def test_every_line_is_the_oracles_on_a_grid(recorded, plans, model, tmp_path):
    grids = {key: coarse_grid(found) for key, found in recorded.items() if key[0] == "FUTURES"}
    data = tmp_path / "data"
    shutil.copytree(REAL, data)
    write_exchange_info(data, grids)
    compare(data, recorded, plans, model, grids, tmp_path)


def compare(data: Path, recorded: Recorded, plans: list[dict], model: str, grids: dict, folder: Path) -> None:
    lines, summary = run(data, plans, folder, model)
    got = {line["id"]: values(line) for line in lines}
    expected = [
        outcome(plan, recorded[key], model, grids.get(key, Grid()))
        for plan in plans
        for key in [(plan["market_type"], plan["symbol"])]
    ]
    wrong = [f"line {n}" for n, line in enumerate(expected, start=1) if line is None]
    assert [problem.split(":")[0] for problem in summary.problems] == wrong
    assert [line["id"] for line in lines] == [line["id"] for line in expected if line is not None]
    for line in expected:
        if line is not None:
            assert got[line["id"]] == line
    statuses = {line["status"] for line in lines}
    assert {"CLOSED_SL", "CLOSED_TP", "OPEN", "PENDING", "REJECTED"} <= statuses
    assert sum(line["ambiguous"] for line in lines) > 10


def coarse_grid(found: Minutes) -> Grid:
    """Ticks of ten times the recorded ones, so that rounding is felt."""
    exponent = min(row[1].as_tuple().exponent for row in found.rows)
    return Grid(Decimal(1).scaleb(exponent + 1), Decimal("0.01"), Decimal("0.01"), Decimal(5))


def write_exchange_info(data: Path, grids: dict[tuple[str, str], Grid]) -> None:
    symbols = [
        {
            "symbol": symbol,
            "status": "SETTLING",
            "baseAsset": symbol.removesuffix("USDT"),
            "quoteAsset": "USDT",
            "contractType": "PERPETUAL",
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": str(grid.tick)},
                {"filterType": "LOT_SIZE", "stepSize": str(grid.step), "minQty": str(grid.min_quantity)},
                {"filterType": "MIN_NOTIONAL", "notional": str(grid.min_notional)},
            ],
        }
        for (_, symbol), grid in grids.items()
    ]
    (data / "exchangeInfo.json").write_text(json.dumps({"symbols": symbols}))


@needs_recordings
def test_a_replay_repeated_and_reordered_is_the_same(plans, tmp_path):
    run(REAL, plans, tmp_path, "realistic")
    first = (tmp_path / "closed.jsonl").read_bytes()
    run(REAL, plans, tmp_path, "realistic")
    assert (tmp_path / "closed.jsonl").read_bytes() == first
    run(REAL, plans[::-1], tmp_path, "realistic")
    assert (tmp_path / "closed.jsonl").read_bytes().splitlines()[::-1] == first.splitlines()
