"""A worker in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

import dramatiq.worker

from services.bootstrap import build
from services.coordination.connection import blocking_client
from services.settings import Settings
from workers import runtime
from workers.broker import NOWHERE, broker

STOP_MS = 5000


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """A worker of every queue; afterwards the process is as if there had been none."""
    loop = runtime.Runtime()
    loop.start(build(settings, name="test"))
    runtime.install(loop)
    broker.connect(settings.redis_url)
    worker = dramatiq.worker.Worker(broker, worker_threads=2, worker_timeout=50)
    worker.start()
    try:
        yield
    finally:
        worker.stop(timeout=STOP_MS)
        broker.release()
        broker.close()
        broker.client = blocking_client(NOWHERE)
        runtime.install(None)
        loop.stop()
