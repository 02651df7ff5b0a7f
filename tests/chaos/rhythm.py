"""Whether schedulers asked for what the clock says: every slot of the cycle, none twice."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from math import ceil
from typing import NamedTuple

from tests.chaos.ground import Absence, Ground
from tests.fleet import slots
from workers.jobs import CYCLE_OFFSET

SLOTS_MIN = 3
LOST_SHARE = 0.05
"""Of the schedulers that were killed or frozen, so many may just have claimed a slot that only they know of."""
SERVERS = ("postgres", "backends", "valkey", "replies")
"""What kinds of fault begin with after which no scheduler may be able to claim, whatever is asked."""
_TIME = re.compile(r"^timestamp=(\S+)")
_NAME = re.compile(r"^(.+)\.\d+\.log$")


class Life(NamedTuple):
    """From when to when (epoch seconds) a scheduler is known to have worked; its process's name."""

    name: str
    since: float
    until: float


def wrong(ground: Ground) -> Iterator[str]:
    """See the module."""
    logs = {path.name: path.read_text() for path in sorted(ground.folder.glob("scheduler-*.log"))}
    yield from slots.wrong(logs.values())
    cycle = {slots.seconds(slot) for log in logs.values() for job, slot in slots.claimed(log) if job == "cycle"}
    if ground.scale.schedulers and len(cycle) < SLOTS_MIN:
        yield f"only {len(cycle)} slots of the cycle were claimed"
    elif not any(kind.startswith(SERVERS) for kind in ground.faults):
        lives = [each for name, log in logs.items() if (each := life(name, log, ground.skews)) is not None]
        left = [*missing(cycle, lives, ground.stood_still)]
        taken = sum(count for kind, count in ground.faults.items() if kind.startswith("scheduler"))
        if len(left) > ceil(taken * LOST_SHARE):
            yield from left


def missing(cycle: set[float], lives: Iterable[Life], stood_still: Iterable[Absence]) -> Iterator[str]:
    """Slots between the first and the last that nobody claimed though a scheduler was there all of their time."""
    lives, stood_still = list(lives), list(stood_still)
    step = slots.interval(cycle)
    for number in range(1, round((max(cycle) - min(cycle)) / step)):
        slot = min(cycle) + number * step
        if slot in cycle:
            continue
        begin = slot + CYCLE_OFFSET.total_seconds()
        for name, since, until in lives:
            frozen = any(each.name == name and each.since < begin + step and each.until > begin for each in stood_still)
            if since <= begin and until >= begin + step and not frozen:
                yield f"the cycle of {slot:.0f} was claimed by nobody, though {name} was there"
                break


def life(file: str, log: str, skews: Mapping[str, timedelta]) -> Life | None:
    """That of the process which wrote `log` into `file`; None if it died before it worked."""
    lines = log.splitlines()
    ready = next((number for number, line in enumerate(lines) if "scheduler ready" in line), None)
    if ready is None:
        return None
    name = _NAME.match(file)[1]  # type: ignore[index] # they are all named so
    skew = skews.get(name, timedelta(0)).total_seconds()
    times = [slots.seconds(found[1]) - skew for line in lines[ready:] if (found := _TIME.match(line))]
    return Life(name, times[0], times[-1])
