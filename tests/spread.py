"""How a run is spread over processes: what takes longest begins first, and the dashboard's files stay together.

Otherwise one process would be left with a long file at the end, and each of the dashboard's files start a product.
"""

from pathlib import Path
from typing import Any

from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[1]
TOGETHER = "tests/web"
LONGEST = (
    TOGETHER,
    "tests/contract/test_operations.py",
    "tests/chaos/test_scenarios.py",
    "tests/fleet/test_servers_die.py",
    "tests/fleet/test_kill.py",
    "tests/fleet/test_recorded.py",
    "tests/api/test_race.py",
    "tests/docs/test_commands.py",
    "tests/contract/test_chains.py",
    "tests/e2e/test_kills.py",
    "tests/upgrade/test_old_code.py",
    "tests/workers/test_observe.py",
    "tests/chaos/test_soak.py",
    "tests/deploy/test_hosts.py",
    "tests/evaluation/test_schedules.py",
    "tests/replay/test_recorded.py",
    "tests/signals/test_kill.py",
    "tests/e2e/test_up.py",
    "tests/fleet/test_outage.py",
    "tests/contract/test_things.py",
    "tests/chaos/test_checker.py",
    "tests/fleet/test_many.py",
    "tests/fleet/test_prints.py",
    "tests/fleet/test_full_disk.py",
    "tests/fleet/test_starting.py",
    "tests/evaluation/test_conservation.py",
    "tests/e2e/test_terminal.py",
)
"""As measured, the longest first; of the others, those with more tests come first."""


class Spread(LoadFileScheduling):
    """A file goes to one process as a whole, and so does TOGETHER."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid.partition("::")[0])

    def _assign_work_unit(self, node: Any) -> None:
        first = next((each for each in LONGEST if each in self.workqueue), None)
        if first is not None:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


def unit(file: str) -> str:
    """What goes to one process together with that file."""
    return TOGETHER if file.startswith(f"{TOGETHER}/") else file
