"""Which slots schedulers have dispatched, by what they log."""

import re
from collections import Counter
from collections.abc import Iterable

JOB, SLOT = re.compile(r"""job=("[^"]+"|'[^']+'|\S+)"""), re.compile(r"slot=(\S+)")


def dispatched(log: str) -> list[tuple[str, str]]:
    """Job and slot of every dispatch that a scheduler has logged; it does so at the level DEBUG."""
    lines = [line for line in log.splitlines() if "slot dispatched" in line]
    return [(JOB.search(line)[1], SLOT.search(line)[1]) for line in lines]


def dispatched_twice(logs: Iterable[str]) -> list[tuple[str, str]]:
    """Slots that more than one line of all `logs` dispatches."""
    return [slot for slot, times in Counter(slot for log in logs for slot in dispatched(log)).items() if times > 1]
