"""A small form of the soak: a fleet under every kind of fault that it has, looked at every second."""

from pathlib import Path

from tests.chaos.ground import Scale
from tests.chaos.run import perform
from tests.chaos.scenarios import SOAK
from tests.servers import Servers

SMALL = Scale(minutes=150, orders=6, speed=300)


async def test_nothing_is_wrong_at_any_second(servers: Servers, tmp_path: Path):
    soak = SOAK._replace(pauses=(0, 0.2), people=3, listeners=3, workers=2)
    result = await perform(servers, soak, tmp_path, 5, SMALL, watched=True)
    assert result.violations == []
    assert all(result.kinds.values())
    assert result.closes >= 20
