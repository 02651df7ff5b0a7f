"""Several schedulers and workers share the work: no slot is dispatched twice, no trade closed twice."""

import re
from collections import Counter
from datetime import timedelta

from tests.fleet.conftest import END
from tests.fleet.fleet import violations
from tests.fleet.orders import rows
from tests.fleet.stage import Stage
from tests.fleet.tape import START

DISPATCHED = re.compile(r"slot dispatched\s+job=(?:'([^']+)'|(\S+)) messages=\d+ slot=(\S+)")
EVALUATED = "evaluated "


async def test_two_schedulers_and_three_workers_do_everything_once(stage: Stage, undisturbed):
    await stage.run(schedulers=2, workers=3)
    logs = {name: stage.fleet.log(name) for name in stage.fleet.processes}
    await stage.judged(START + timedelta(hours=2))
    stage.fleet.kill("scheduler-1")  # none is special: the other one goes on
    await stage.judged(END)
    await stage.fleet.stop()
    assert rows(stage.settings) == undisturbed.rows
    assert violations(stage.settings) == []

    texts = {name: log.read_text() for name, log in logs.items()}
    slots = Counter(slot for name in texts for slot in DISPATCHED.findall(texts[name]))
    assert sum(slots.values()) > 20
    assert [slot for slot, times in slots.items() if times > 1] == []
    assert all(EVALUATED in text for name, text in texts.items() if name.startswith("worker"))
