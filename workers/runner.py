"""One worker process: dramatiq's Worker, an event loop, and an orderly or a quick end."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from types import FrameType

import structlog
from dramatiq import Worker
from dramatiq.errors import ConnectionClosed
from dramatiq.worker import ConsumerThread, WorkerThread

from services.domain.errors import InvalidInput
from services.settings import Settings
from workers import runtime
from workers.broker import FleetBroker
from workers.broker import broker as fleet_broker

log = structlog.get_logger(__name__)

Services = Callable[[Settings], AbstractAsyncContextManager[object]]

THREADS_MIN = 8
THREAD_WAKE_MS = 500
"""How often an idle worker thread looks whether it is to end."""
FINISH_SECONDS = 3
"""How long running actors may take to finish at the end. Then they are cut short, and their messages are given back:
one that waits for the exchange may wait for half a minute, and whoever stops us may kill after ten seconds."""
STOP_SECONDS = 20
"""How long all of that may take: work that cannot be cut short holds the end up no longer."""
CLOSE_SECONDS = 8
"""How long the services may take to close after that."""
STALL_SECONDS = 30
"""An event loop blocked for this long is broken: the process ends and its messages go to others."""
EXIT_BROKEN = 70


def run(
    settings: Settings,
    queues: Iterable[str],
    threads: int | None = None,
    *,
    open_services: Services,
    broker: FleetBroker = fleet_broker,
) -> None:
    """Works on `queues` (none given: on all) until SIGTERM or SIGINT; a second signal ends the process at once.

    `threads` is how many messages run at a time, two a queue and THREADS_MIN at least if absent: while the batch of
    one ends, the next one's requests are under way. Every queue has an equal share of them, so that one whose actors
    wait for the exchange holds up no other. Raises whatever keeps the services from opening, InvalidInput for a queue
    nobody declared. Must be called in the main thread. Ends the process with status 70 when its event loop or one
    of its threads dies, and when one will not end.
    """
    declared = broker.get_declared_queues()
    chosen = set(queues) or declared
    unknown = chosen - declared
    if unknown:
        names = ", ".join(sorted(declared))
        raise InvalidInput("unknown_queue", f"no such queue: {', '.join(sorted(unknown))} (there are {names})")
    threads = threads or max(THREADS_MIN, 2 * len(chosen))
    stop = _stop_on_signals()
    broker.connect(settings.redis_url, settings.redis_ca_file)
    loop = runtime.Runtime()
    loop.start(open_services(settings))
    runtime.install(loop)
    worker = Worker(broker, queues=chosen, worker_threads=threads, worker_timeout=THREAD_WAKE_MS)
    worker.queue_prefetch = math.ceil(threads / len(chosen))
    worker.start()
    log.info("worker ready", queues=sorted(chosen), threads=threads, pid=os.getpid())
    _watch(stop, worker, loop)
    _finish(worker, loop, broker)


def _stop_on_signals() -> threading.Event:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process."""
    stop = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop


def _watch(stop: threading.Event, worker: Worker, loop: runtime.Runtime) -> None:
    """Returns when `stop` is set; ends the process when a part of it is broken.

    Beats are compared with this thread's own seconds, so a process that was frozen as a whole finds nothing wrong.
    """
    beats, seconds_without_beat = loop.beats, 0
    while not stop.wait(1):
        seconds_without_beat = seconds_without_beat + 1 if loop.beats == beats else 0
        beats = loop.beats
        threads = [*worker.workers, *worker.consumers.values()]
        if not loop.is_alive():
            _break("the event loop died")
        if seconds_without_beat >= STALL_SECONDS:
            _break(f"the event loop is blocked for {seconds_without_beat} s")
        if not all(thread.is_alive() for thread in threads):
            _break("a worker or consumer thread died")


def _finish(worker: Worker, loop: runtime.Runtime, broker: FleetBroker) -> None:
    """Lets running actors end, within a bound, and gives every other message back."""
    log.info("worker stopping")
    end = time.monotonic() + STOP_SECONDS
    cutting = threading.Timer(FINISH_SECONDS, loop.interrupt)
    cutting.start()
    # Not left to dramatiq's own wait: it takes what has passed in all off the time that is left, once a thread, so that
    # of twenty threads the last ones are given none. Consumers go second: until then they beat, and take messages back.
    _end(worker.workers, end)
    cutting.cancel()
    cutting.join()
    _end(worker.consumers.values(), end)
    worker.stop(timeout=0)
    try:
        released = broker.release()
    except ConnectionClosed as error:
        log.warning("messages not released; they come back when this worker counts as dead", error=str(error))
        released = 0
    if any(thread.is_alive() for thread in worker.workers):
        _break(f"actors still running after {STOP_SECONDS} s; {released} messages given back")
    runtime.install(None)
    loop.stop(within_seconds=CLOSE_SECONDS)
    broker.close()
    if loop.is_alive():
        _break(f"the services did not close within {CLOSE_SECONDS} s")
    log.info("worker stopped", released=released)


def _end(threads: Collection[WorkerThread | ConsumerThread], until: float) -> None:
    """Has the threads end, and waits for them until the monotonic time `until`."""
    for thread in threads:
        thread.stop()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _break(reason: str) -> None:
    """Ends the process now, threads and all."""
    log.critical("worker broken", reason=reason)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_BROKEN)
