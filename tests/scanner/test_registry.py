"""Strategies of others: found by file and entry point, left out with a reason where they do not fit."""

import textwrap
from importlib.metadata import EntryPoint

import pytest

from services.domain.candles import Timeframe
from services.scanner import registry
from services.scanner.look import look_at_newest
from services.scanner.registry import UnknownParameter, configured, load
from services.scanner.strategies import ALL, EmaAdx
from tests.scanner.markets import FUTURE, SPOT, random_walk

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


def test_an_entry_point_is_a_strategy(monkeypatch, tmp_path):
    write(tmp_path, some_package_of_mine=GOOD)
    monkeypatch.syspath_prepend(str(tmp_path))
    declared = [
        EntryPoint("up", "some_package_of_mine:Up", registry.GROUP),
        EntryPoint("not one", "some_package_of_mine:Mine", registry.GROUP),
        EntryPoint("gone", "no_such_package_at_all:Up", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: [each for each in declared if each.group == group])
    found = load()
    assert "my_up" in found.strategies
    told = reasons(found)
    assert "not a subclass" in told["entry point not one"]
    assert "ModuleNotFoundError" in told["entry point gone"]


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
