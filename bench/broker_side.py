"""One side of `bench broker`, a process of its own.

`stock` is dramatiq's broker; `fleet` is ours; `poisoned` is ours with messages among them that nobody may run; `async`
is ours and an actor of its kind.

Told {"messages": N, "singles": M} on stdin, it answers with messages a second and milliseconds of waiting.
"""

import contextlib
import itertools
import json
import logging
import math
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import dramatiq
import structlog
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker

THREADS = 8
POISON_AFTER = 50
"""On the poisoned side each so many messages that are enqueued together are followed by one that must not run."""
PAUSE_SECONDS = 1.2
"""Between two single messages: by then the stock consumer polls at its slowest."""


class Tally:
    """Counts what has been worked off, and when the last was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = 0
        self._done = threading.Event()
        self.at = 0.0

    def expect(self, count: int) -> None:
        """So many are to come."""
        self._left = count
        self._done.clear()

    def one(self) -> None:
        """One has been worked off."""
        now = time.perf_counter()
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.at = now
                self._done.set()

    def wait(self) -> float:
        """The time at which the last expected one was worked off."""
        assert self._done.wait(120), "not worked off"
        return self.at


def _stock(url: str, tally: Tally) -> tuple[Any, Any, Callable[[int], None]]:
    broker = RedisBroker(url=url)  # type: ignore[no-untyped-call]

    @dramatiq.actor(broker=broker, queue_name="bench")
    def nothing() -> None:
        tally.one()

    def together(count: int) -> None:
        for _ in range(count):
            nothing.send()

    return broker, nothing, together


def _fleet(url: str, tally: Tally, *, declared: bool, poisoned: bool) -> tuple[Any, Any, Callable[[int], None]]:
    # Imported here: the import puts our encoder in place for the whole process.
    from workers import runtime
    from workers.broker import broker
    from workers.declare import actor

    broker.connect(url)
    nothing: Any
    if declared:
        loop = runtime.Runtime()
        loop.start(_no_services())
        runtime.install(loop)

        @actor("bench", max_age=timedelta(minutes=5), time_limit=timedelta(seconds=10), max_retries=0)
        async def awaited() -> None:
            tally.one()

        nothing = awaited
    else:

        @dramatiq.actor(broker=broker, queue_name="bench")
        def plain() -> None:
            tally.one()

        nothing = plain

    def together(count: int) -> None:
        each = POISON_AFTER if poisoned else count
        for first in range(0, count, each):
            broker.enqueue_many([nothing.message() for _ in range(min(each, count - first))])
            if poisoned:
                broker.do_enqueue("bench", f"poison-{first}", next(poisons))

    poisons = itertools.cycle((b"", b"\xc1" * 60, b"\x91" * 10_000, nothing.message().copy(actor_name="no").encode()))
    return broker, nothing, together


@contextlib.asynccontextmanager
async def _no_services() -> AsyncIterator[object]:
    yield None


def measure(side: str, url: str, messages: int, singles: int) -> dict[str, float]:
    """Send, enqueue together, work off, and then one at a time."""
    tally = Tally()
    broker, nothing, together = (
        _stock(url, tally)
        if side == "stock"
        else _fleet(url, tally, declared=side == "async", poisoned=side == "poisoned")
    )
    half = messages // 2
    started = time.perf_counter()
    for _ in range(half):
        nothing.send()
    sent = time.perf_counter()
    together(half)
    enqueued = time.perf_counter()
    tally.expect(2 * half)
    worker = Worker(broker, queues={"bench"}, worker_threads=THREADS, worker_timeout=1000 if side == "stock" else 500)
    begun = time.perf_counter()
    worker.start()
    worked = tally.wait() - begun
    waits = sorted(_waits(tally, nothing, singles))
    worker.stop()
    return {
        "sent": half / (sent - started),
        "enqueued": half / (enqueued - sent),
        "worked": 2 * half / worked,
        "wait_p50": 1000 * waits[len(waits) // 2],
        "wait_p99": 1000 * waits[math.ceil(0.99 * len(waits)) - 1],
    }


def _waits(tally: Tally, nothing: Any, count: int) -> list[float]:
    """Seconds from sending a message to an idle queue until it is worked off."""
    waits = []
    for number in range(count):
        time.sleep(PAUSE_SECONDS + number * 0.017 % 0.5)  # so that it falls on all phases of the polling
        tally.expect(1)
        started = time.perf_counter()
        nothing.send()
        waits.append(tally.wait() - started)
    return waits


if __name__ == "__main__":
    logging.disable()
    order = json.loads(sys.stdin.readline())
    with Path(os.devnull).open("w") as nowhere:  # stdout is for the answer
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(nowhere))
        figures = measure(sys.argv[1], sys.argv[2], order["messages"], order["singles"])
    print(json.dumps(figures), flush=True)
