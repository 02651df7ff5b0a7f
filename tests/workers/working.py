"""A worker inside the test process, ours or dramatiq's own."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta

from dramatiq import Broker, Worker

from workers import runtime
from workers.broker import FleetBroker

LIMITS = {"max_age": timedelta(minutes=5), "time_limit": timedelta(seconds=5), "max_retries": 2}


@contextmanager
def working(broker: Broker, *, threads: int = 2) -> Iterator[Worker]:
    """Works on every queue of `broker`; gives back what is unfinished at the end."""
    loop = runtime.Runtime()
    loop.start(nullcontext())
    runtime.install(loop)
    worker = Worker(broker, worker_threads=threads, worker_timeout=50)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=5000)
        if isinstance(broker, FleetBroker):
            broker.release()
            broker.close()
        runtime.install(None)
        loop.stop()
