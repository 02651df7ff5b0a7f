"""What schedulers did with slots, by what they log at the level DEBUG: each is claimed, and then dispatched."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from services.db.slots import RECLAIM_AFTER

JOB, SLOT = re.compile(r"""job=("[^"]+"|'[^']+'|\S+)"""), re.compile(r"slot=(\S+)")
CLAIMED, DISPATCHED = "slot claimed", "slot dispatched"

Slot = tuple[str, str]
"""A job and the name of its slot, a time."""


def dispatched(log: str) -> list[Slot]:
    """Every slot that a scheduler has logged as sent and noted."""
    return _told(log, DISPATCHED)


def claimed(log: str) -> list[Slot]:
    """Every slot that a scheduler has logged as its own, before it sent anything."""
    return _told(log, CLAIMED)


def _told(log: str, event: str) -> list[Slot]:
    lines = [line for line in log.splitlines() if event in line]
    return [(JOB.search(line)[1].strip("\"'"), SLOT.search(line)[1]) for line in lines]


def dispatched_twice(logs: Iterable[str]) -> list[Slot]:
    """Slots that more than one line of all `logs` dispatches."""
    return [slot for slot, times in Counter(slot for log in logs for slot in dispatched(log)).items() if times > 1]


def wrong(logs: Iterable[str]) -> Iterator[str]:
    """Slots that were dispatched twice or unclaimed, or claimed again before they may be taken over."""
    logs = list(logs)
    claims = Counter(slot for log in logs for slot in claimed(log))
    for job, slot in dispatched_twice(logs):
        yield f"slot {slot} of {job} was dispatched twice"
    for job, slot in {slot for log in logs for slot in dispatched(log)} - claims.keys():
        yield f"slot {slot} of {job} was dispatched, and claimed by nobody"
    for job in sorted({job for job, _ in claims}):
        if interval(seconds(slot) for each, slot in claims if each == job) <= RECLAIM_AFTER.total_seconds():
            for slot in (slot for (each, slot), times in claims.items() if each == job and times > 1):
                yield f"slot {slot} of {job} was claimed twice, and was over before it could be taken over"


def interval(slots: Iterable[float]) -> float:
    """The seconds between two slots of a job; infinite where only one is known."""
    return min((after - before for before, after in pairwise(sorted(set(slots)))), default=float("inf"))


def seconds(time: str) -> float:
    """Epoch seconds of a time as logged."""
    return datetime.fromisoformat(time).timestamp()
