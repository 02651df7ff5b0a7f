"""A small form of every kind of fault: the fleet is broken for some seconds, and every row is as it must be.

`make chaos` runs the large ones, each kind by itself.
"""

from pathlib import Path

import pytest

from tests.chaos import faults
from tests.chaos.faults import exchange, freeze, murder, replies_lost
from tests.chaos.ground import Scale
from tests.chaos.run import perform
from tests.chaos.scenarios import WRONG_CLOCKS, Scenario
from tests.servers import Servers

SMALL = Scale(minutes=75, orders=6, speed=300)
SEED = 5
FEWER = {"schedulers": 2, "workers": 2, "apis": 1, "people": 3, "listeners": 3}

PROCESSES = Scenario(
    "processes killed and frozen",
    (murder("worker"), murder("scheduler"), murder("api"), freeze("worker", 0.3, 1), freeze("scheduler", 0.3, 1)),
    (0.2, 0.6),
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
        replies_lost(0.02, 1),
    ),
    (0.2, 0.6),
    **FEWER,
)
MARKET = Scenario(
    "messages and exchange fail",
    (faults.repeated_messages, faults.poison),
    (0.1, 0.4),
    beside=(
        exchange(*faults.REFUSALS, *faults.BROKEN, *faults.ROWS, probability=0.2),
        faults.impossible_prices,
        faults.wild_prices,
    ),
    **FEWER,
)


@pytest.mark.parametrize("scenario", [PROCESSES, SERVERS, MARKET], ids=lambda scenario: scenario.name)
async def test_every_row_is_as_it_must_be_whatever_fails(scenario: Scenario, servers: Servers, tmp_path: Path):
    result = await perform(servers, scenario, tmp_path, SEED, SMALL)
    assert result.violations == []
    assert result.faults >= 3
    assert result.closes >= 10
