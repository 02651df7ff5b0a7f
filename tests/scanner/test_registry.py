"""Strategies of others: found by file and entry point, left out with a reason where they do not fit."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from services.domain.candles import Timeframe
from services.scanner.look import look_at_newest
from services.scanner.registry import UnknownParameter, configured, load
from services.scanner.strategies import ALL, EmaAdx
from services.settings import Settings
from tests.backtest.test_backtest import minutes
from tests.replay.desk import DAY
from tests.scanner.markets import FUTURE, SPOT, random_walk
from tests.simulator import recordings

GOOD = '''
"""Buys every candle that closes up."""
from typing import Annotated

import numpy as np
from msgspec import Meta

from services.scanner.strategy import Entries, Parameters, Strategy


class Mine(Parameters, frozen=True, kw_only=True):
    """least: by how much it must close up."""

    least: Annotated[float, Meta(ge=0)] = 0.0


class Up(Strategy[Mine]):
    """Each candle that closes up."""

    name, kind, parameters_type, lookback = "my_up", "test", Mine, 20

    def entries(self, candles):
        up = candles.close - candles.open > self.parameters.least
        return Entries(up, np.zeros_like(up), np.full(len(candles), 0.5))
'''


def write(folder, **files: str):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return folder


def reasons(found) -> dict[str, str]:
    return {problem.name: problem.reason for problem in found.problems}


def test_a_file_in_the_folder_is_a_strategy(tmp_path):
    found = load(write(tmp_path, mine=GOOD), parameters={"my_up": {"least": 0.5}})
    assert found.problems == ()
    assert found.strategies.keys() == {kind.name for kind in ALL} | {"my_up"}
    strategy = found.strategies["my_up"]
    assert strategy.parameters.least == 0.5
    candles = random_walk(1, 100)
    assert strategy.signals(candles).side[-1] == int(candles.close[-1] - candles.open[-1] > 0.5)


def test_what_does_not_fit_is_told_and_the_others_load(tmp_path):
    write(
        tmp_path,
        mine=GOOD,
        again=GOOD,
        broken="def (:",
        raises="raise RuntimeError('no licence')",
        empty="x = 1",
        nameless=GOOD.replace('"my_up"', '"my up!"'),
        greedy=GOOD.replace('"my_up"', '"greedy"').replace("Mine, 20", "Mine, 5000"),
    )
    found = load(tmp_path)
    told = reasons(found)
    assert "my_up" in found.strategies
    assert "SyntaxError" in told["broken.py"]
    assert told["raises.py"] == "RuntimeError: no licence"
    assert "defines no subclass" in told["empty.py"]
    assert "another strategy has the name 'my_up'" in told["mine.py: Up"]
    assert "identifier" in told["nameless.py: Up"]
    assert "wants 5000 candles" in told["greedy"]
    assert "does not exist" in reasons(load(tmp_path / "nowhere"))[str(tmp_path / "nowhere")]


@pytest.fixture
def installed(tmp_path) -> Path:
    """A folder in which a distribution is installed whose entry points are a strategy, none, and a missing one."""
    site, told = tmp_path / "site", "my_strategies-1.0.dist-info"
    (site / told).mkdir(parents=True)
    write(site, some_package_of_mine=GOOD)
    (site / told / "METADATA").write_text("Metadata-Version: 2.1\nName: my-strategies\nVersion: 1.0\n")
    (site / told / "entry_points.txt").write_text(
        "[paperfleet.strategies]\nup = some_package_of_mine:Up\n"
        "not-one = some_package_of_mine:Mine\ngone = no_such_package_at_all:Up\n"
    )
    return site


def paperfleet(site: Path, *arguments: str, settings: Settings | None = None) -> str:
    """What the command prints in a process to which what is installed in `site` is."""
    environment = dict(os.environ) if settings is None else settings.to_environment()
    ran = subprocess.run(
        [Path(sys.executable).with_name("paperfleet"), *arguments],
        env=environment | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


def test_an_installed_distributions_entry_point_is_listed(installed, database_url, redis_url):
    shown = paperfleet(installed, "strategies", settings=Settings(database_url=database_url, redis_url=redis_url))
    assert "my_up  (test, looks back 20 candles)" in shown
    assert "Each candle that closes up." in shown
    assert "left out: entry point not-one: it is not a subclass" in shown
    assert "left out: entry point gone: ModuleNotFoundError" in shown


def test_an_installed_distributions_entry_point_runs(installed, tmp_path):
    data, trades = tmp_path / "recording", tmp_path / "trades.jsonl"
    recordings.write(data, f"spot/daily/klines/AUSDT/1m/AUSDT-1m-{DAY:%Y-%m-%d}.csv", minutes(3, 1440))
    options = ("--data", data, "--timeframe", "5m", "--report", tmp_path / "report.html", "--trades", trades)
    paperfleet(installed, "backtest", "my_up", *map(str, options))
    assert len(trades.read_text().splitlines()) > 50


def test_only_those_wanted_with_their_parameters():
    found = load(only=["macd", "ema_adx"], parameters={"macd": {"trend": 30}})
    assert list(found.strategies) == ["ema_adx", "macd"]
    assert found.strategies["macd"].parameters.trend == 30
    found = load(only=["macdd"], parameters={"donchian": {"chanel": 3}})
    assert "there is no such strategy" in reasons(found)["macdd"]


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({"fast": 1}, "`int` >= 2"),
        ({"fast": "x"}, "int"),
        ({"fsat": 12}, "fsat"),
        ({"fast": 30, "slow": 20}, "fast must be below slow"),
        ({"targets_atr": "3,2"}, "must ascend"),
        ({"stop_atr": 0}, "> 0"),
    ],
)
def test_a_parameter_beyond_its_bounds_is_refused_by_name(parameters, rule):
    with pytest.raises(UnknownParameter, match=r"ema_adx: .*") as refused:
        configured(EmaAdx, parameters)
    assert rule in str(refused.value)
    assert "adx_min" in str(refused.value), "it says what there is"


def test_a_strategy_that_raises_is_stopped_and_others_go_on(tmp_path):
    bad = GOOD.replace('"my_up"', '"bad"').replace(
        "up = candles", "raise ZeroDivisionError('oops')\n        up = candles"
    )
    short = GOOD.replace('"my_up"', '"short"').replace("Entries(up,", "Entries(up[1:],")
    found = load(write(tmp_path, bad=bad, short=short, mine=GOOD)).strategies
    rising = random_walk(1, 100)
    rising.close[-1] = rising.open[-1] * 1.01
    rising.high[-1] = rising.close[-1]
    sighted = look_at_newest(found.values(), Timeframe.H1, {FUTURE: rising, SPOT: rising})
    assert sighted.failures["bad"] == "ZeroDivisionError: oops (at FUTURES AUSDT 1h)"
    assert "one element a candle" in sighted.failures["short"]
    assert [each.instrument for each in sighted.signals if each.strategy == "my_up"] == [FUTURE, SPOT]
