"""A small form of every kind of fault: the fleet is broken for some seconds, and every row is as it must be.

`make chaos` runs the large ones, each kind by itself.
"""

import json
from pathlib import Path
from random import Random

import pytest

from tests.chaos import faults, run
from tests.chaos.faults import Fault, Hit, exchange, freeze, murder, postgres_frozen, replace, replies_lost
from tests.chaos.ground import Ground, Scale
from tests.chaos.run import perform
from tests.chaos.scenarios import WRONG_CLOCKS, Scenario
from tests.servers import Servers

SMALL = Scale(minutes=75, orders=6, speed=300)
SEED = 5
FEWER = {"schedulers": 2, "workers": 2, "people": 3, "listeners": 3}


def forgotten(blocked: Fault) -> Fault:
    """After such an answer nobody asks for five minutes, more than a small form has; here all who know of it die."""

    async def act(ground: Ground, chance: Random, hit: Hit) -> None:
        try:
            await blocked.act(ground, chance, hit)
        finally:
            names = [*ground.names("worker"), *ground.names("api")]
            ground.fleet.kill(*names)
            await faults.valkey_flushed.act(ground, chance, lambda: None)
            for name in names:
                ground.spawn(name)

    return Fault(f"{blocked.kind}, forgotten", act)


PROCESSES = Scenario(
    "processes killed, frozen and replaced, their clocks wrong",
    (
        *(murder(kind) for kind in ("worker", "scheduler", "api")),
        *(freeze(kind, 0.3, 1) for kind in ("worker", "scheduler")),
        *(replace(kind) for kind in ("worker", "scheduler", "api")),
    ),
    (0.1, 0.4),
    skews=WRONG_CLOCKS,
    **FEWER,
)
SERVERS = Scenario(
    "servers fail",
    (
        faults.valkey_flushed,
        faults.valkey_full,
        faults.valkey_unreachable,
        faults.valkey_restarted,
        faults.backends_terminated,
        faults.postgres_killed,
        faults.postgres_full,
        postgres_frozen(1.5),
        replies_lost(0.02, 1),
        replies_lost(0.01, 1, silently=True),
    ),
    (0.1, 0.4),
    apis=1,
    **FEWER,
)
MARKET = Scenario(
    "messages and exchange fail",
    (faults.repeated_messages, faults.poison),
    (0.1, 0.3),
    beside=(
        *exchange(*faults.REFUSALS, *faults.BROKEN, *faults.ROWS, probability=0.2),
        *exchange("stale", seconds=0.4),
        *exchange("skew", ms=-10_000),
        *exchange("skew", ms=400),
        faults.impossible_prices,
        faults.wild_prices,
    ),
    apis=1,
    **FEWER,
)
BLOCKED = Scenario(
    "exchange blocks us",
    tuple(forgotten(each) for each in exchange(*faults.BLOCKED, probability=0.5)),
    (0.5, 1.5),
    apis=1,
    **FEWER,
)


@pytest.mark.parametrize("scenario", [PROCESSES, SERVERS, MARKET, BLOCKED], ids=lambda scenario: scenario.name)
async def test_every_row_is_as_it_must_be_whatever_fails(scenario: Scenario, servers: Servers, tmp_path: Path):
    result = await perform(servers, scenario, tmp_path, SEED, SMALL)
    assert result.violations == []
    assert set(result.kinds) == scenario.kinds
    assert all(result.kinds.values())
    assert result.closes >= 10


async def test_what_keeps_a_run_from_its_end_is_told_and_the_run_goes_on(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def fail(ground: Ground, chance: Random, hit: Hit) -> None:
        hit()
        raise ValueError

    async def do_nothing(ground: Ground, chance: Random, hit: Hit) -> None: ...

    monkeypatch.setattr(run, "EACH_KIND_SECONDS", 0)
    broken = Scenario(
        "broken", (Fault("a failure", fail), Fault("never", do_nothing)), (0, 0.1), people=0, schedulers=0, patience=0
    )
    result = await perform(servers, broken, tmp_path, SEED, SMALL._replace(minutes=10))
    told = "\n".join(result.violations)
    assert "a failure failed: ValueError" in told
    assert "never done to its end: never" in told
    assert "judging the market to its end failed" in told
    assert result.faults == result.kinds["a failure"] > 0
    assert json.loads((tmp_path / "result.json").read_text())["violations"] == result.violations


async def test_a_ground_that_cannot_be_made_is_a_violation_too(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run, "ground_on", lambda *_: 1 / 0)
    result = await perform(servers, Scenario("none", ()), tmp_path, SEED, SMALL)
    assert len(result.violations) == 1
    assert "ZeroDivisionError" in result.violations[0]
