"""The doorbell of the queues: whoever puts a message on one publishes its name, and its idle consumers wake at once.

A ring may be lost with its connection, and an older release does not ring: consumers look by themselves as well, seldom
while the doorbell is heard and often while it is not.
"""

import threading
from collections import defaultdict

import redis
import structlog

from services.coordination.task_queue import DOORBELL

log = structlog.get_logger(__name__)

LISTEN_SECONDS = 0.25
"""How soon the thread notices that it is to end."""
RECONNECT_SECONDS = 0.5


class Doorbell:
    """Listens in a thread of its own, from the first consumer's `of` until `close`.

    is_heard   whether it is subscribed now, as far as this process knows
    """

    def __init__(self, client: redis.Redis) -> None:
        self.is_heard = False
        self._client = client
        self._bells: defaultdict[str, threading.Event] = defaultdict(threading.Event)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
        self._starting = threading.Lock()

    def of(self, queue: str) -> threading.Event:
        """The event that is set when a message is put on `queue`."""
        with self._starting:
            if self._thread.ident is None:
                self._thread.start()
        return self._bells[queue]

    def close(self) -> None:
        """Listen no more; the connection is closed by then."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen()
            except redis.RedisError as error:
                log.warning("doorbell_not_heard", reason=f"{type(error).__name__}: {error}")
            self.is_heard = False
            self._closed.wait(RECONNECT_SECONDS)

    def _listen(self) -> None:
        with self._client.pubsub() as subscription:  # type: ignore[no-untyped-call]
            subscription.subscribe(DOORBELL)
            while not self._closed.is_set():
                told = subscription.get_message(timeout=LISTEN_SECONDS)
                if told is None:
                    continue
                if told["type"] == "message":
                    self._bells[told["data"].decode()].set()
                else:  # from here on nothing is missed; what came before, each consumer finds
                    self.is_heard = True
                    for bell in list(self._bells.values()):
                        bell.set()
