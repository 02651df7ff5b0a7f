"""Several schedulers and workers share the work: no slot is dispatched twice, no trade closed twice.

The exchange fails them now and then, which nobody needs to look at: it makes no dead letters.
"""

from datetime import timedelta

from services.coordination import queues
from services.coordination.connection import redis_client
from tests.fleet.conftest import END
from tests.fleet.fleet import violations
from tests.fleet.orders import rows
from tests.fleet.slots import dispatched, dispatched_twice
from tests.fleet.stage import Stage
from tests.fleet.tape import START

FAULTS = ("500", "drop", "truncate", "html", "garbage", "nan")
FAULTY_SECONDS = 3
"""Less than an hour of the sped-up market, so that nonsense is never believed."""


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

    async with redis_client(stage.settings) as redis:
        assert await queues.dead_letters(redis) == []
    texts = {name: log.read_text() for name, log in logs.items()}
    assert sum(len(dispatched(text)) for text in texts.values()) > 20
    assert dispatched_twice(texts.values()) == []
    assert all("evaluated" in text for name, text in texts.items() if name.startswith("worker"))
