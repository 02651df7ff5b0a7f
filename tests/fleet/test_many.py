"""Several schedulers and workers share the work: no slot is dispatched twice, no trade closed twice.

The exchange fails them now and then, which nobody needs to look at: it makes no dead letters.
"""

import re
from collections import Counter
from datetime import timedelta

from tests.fleet.conftest import END
from tests.fleet.fleet import violations
from tests.fleet.orders import rows
from tests.fleet.stage import Stage
from tests.fleet.tape import START
from workers import actors
from workers.broker import FleetBroker
from workers.dead_letters import dead_letters

QUEUES = actors.broker.get_declared_queues()

JOB, SLOT = re.compile(r"""job=("[^"]+"|'[^']+'|\S+)"""), re.compile(r"slot=(\S+)")


def slots_dispatched(log: str) -> list[tuple[str, str]]:
    """Job and slot of every dispatch that a scheduler has logged."""
    lines = [line for line in log.splitlines() if "slot dispatched" in line]
    return [(JOB.search(line)[1], SLOT.search(line)[1]) for line in lines]


FAULTS = ("500", "drop", "truncate", "html", "garbage", "nan")
FAULTY_SECONDS = 3
"""Less than an hour of the sped-up market: nonsense for an hour would rightly count for good."""


async def test_two_schedulers_and_three_workers_do_everything_once(stage: Stage, undisturbed):
    await stage.run(schedulers=2, workers=3)
    logs = {name: stage.fleet.log(name) for name in stage.fleet.processes}
    for kind in FAULTS:
        await stage.simulator.add_fault(kind, probability=0.05, seconds=FAULTY_SECONDS)
    await stage.judged(START + timedelta(hours=2))
    stage.fleet.kill("scheduler-1")  # none is special: the other one goes on
    await stage.judged(END)
    await stage.fleet.stop()
    assert rows(stage.settings) == undisturbed.rows
    assert violations(stage.settings) == []

    broker = FleetBroker(stage.settings.redis_url)
    assert [letter for queue in QUEUES for letter in dead_letters(broker, queue)] == []
    broker.close()
    texts = {name: log.read_text() for name, log in logs.items()}
    slots = Counter(slot for text in texts.values() for slot in slots_dispatched(text))
    assert sum(slots.values()) > 20
    assert [slot for slot, times in slots.items() if times > 1] == []
    assert all("evaluated" in text for name, text in texts.items() if name.startswith("worker"))
