"""The fleet's broker: dramatiq's Redis broker with its known ways to lose, orphan and repeat messages mended.

The one module that sets process-wide state: actors need a broker to register with, so `broker` exists from import
on, and `connect` gives it a Redis before the first message. Nothing is connected until a command runs.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

import dramatiq.worker
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import current_millis, dq_name

from services import traces
from services.coordination.connection import blocking_client
from services.coordination.task_queue import NAMESPACE
from workers.commands import HEARTBEAT_TIMEOUT, QueueCommands
from workers.consumer import FleetConsumer
from workers.doorbell import Doorbell
from workers.messages import EnvelopeEncoder
from workers.middleware import AgeLimit, LogContext, SafeRetries, StartLimit, Traces, of_tick
from workers.observe import Observe

R = TypeVar("R")

ENQUEUE_BATCH = 500
NOWHERE = "redis://not-connected.invalid:6379"


class FleetBroker(RedisBroker):
    """A RedisBroker whose commands raise only dramatiq's errors and whose messages cannot get stuck."""

    commands: QueueCommands

    def __init__(self, redis_url: str = NOWHERE, *, heartbeat_timeout: timedelta = HEARTBEAT_TIMEOUT) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            client=blocking_client(NOWHERE),
            namespace=NAMESPACE,
            middleware=[
                LogContext(),
                Traces(),
                Observe(),
                AgeLimit(),
                StartLimit(lambda queue, redis_id: self.commands.start(queue, redis_id)),
                SafeRetries(max_retries=3, min_backoff=timedelta(milliseconds=500), max_backoff=timedelta(seconds=5)),
            ],
        )
        self._held: defaultdict[str, set[str]] = defaultdict(set)
        """The Redis ids of each queue's messages that this process holds in memory."""
        self._heartbeat_timeout = heartbeat_timeout
        self.doorbell = Doorbell(self.client)
        self.connect(redis_url)

    def connect(self, redis_url: str, ca_file: str = "") -> None:
        """Uses the Redis at `redis_url` from now on; over TLS it trusts whom the file names."""
        self.doorbell.close()
        self.client = blocking_client(redis_url, ca_file)
        self.doorbell = Doorbell(self.client)
        self.commands = QueueCommands(self.client, NAMESPACE, self._heartbeat_timeout)

    def close(self) -> None:
        """Closes the connections; a later command opens them again."""
        self.doorbell.close()
        self.client.close()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> FleetConsumer:
        """A consumer that first puts back what a predecessor fetched and lost. Raises ConnectionClosed.

        `timeout` is not used: dramatiq wakes its worker threads as often, and eight of them cost more than the polls.
        """
        is_delayed = queue_name in self.delay_queues
        if is_delayed:
            self._held[queue_name].clear()  # dramatiq forgets delayed messages when their consumer restarts
        self.commands.reclaim(queue_name, self._held[queue_name])
        return FleetConsumer(
            queue_name,
            prefetch,
            commands=self.commands,
            doorbell=self.doorbell,
            actors=self.actors,
            held=self._held[queue_name],
            is_delayed=is_delayed,
        )

    def release(self) -> int:
        """Puts back every message this process still holds, at its end; returns how many. Raises ConnectionClosed."""
        return sum(self.commands.reclaim(queue, ()) for queue in (*self.queues, *self.delay_queues))

    def enqueue(self, message: Message[R], *, delay: int | None = None) -> Message[R]:
        """Enqueues a message, to be run after `delay` ms; returns it as it is in Redis. Raises ConnectionClosed."""
        ahead = self.commands.clock_ahead_ms()
        later = {} if delay is None else {"eta": current_millis() + delay + ahead}
        sent = message.copy(
            queue_name=message.queue_name if delay is None else dq_name(message.queue_name),
            options={"redis_message_id": str(uuid4()), **later},
            message_timestamp=message.message_timestamp + ahead,
        )
        self.emit_before("enqueue", sent, delay)
        self.do_enqueue(sent.queue_name, sent.options["redis_message_id"], sent.encode())
        self.emit_after("enqueue", sent, delay)
        return sent

    def enqueue_many(self, messages: Sequence[Message[object]]) -> None:
        """Enqueues messages in few round trips. Raises ConnectionClosed, then some or all may be enqueued."""
        ahead = self.commands.clock_ahead_ms()
        for first in range(0, len(messages), ENQUEUE_BATCH):
            batch: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
            origin: dict[str, object] = {**of_tick()}
            if parent := traces.current():
                origin[traces.TRACEPARENT] = parent
            for message in messages[first : first + ENQUEUE_BATCH]:
                redis_id = str(uuid4())
                copy = message.copy(
                    options={"redis_message_id": redis_id, **origin},
                    message_timestamp=message.message_timestamp + ahead,
                )
                batch[message.queue_name][redis_id] = copy.encode()
            self.commands.enqueue(batch)

    def do_enqueue(self, queue_name: str, redis_id: str, data: bytes) -> None:
        self.commands.enqueue({queue_name: {redis_id: data}})

    def do_qsize(self, queue_name: str) -> int:
        return self.commands.size(queue_name) + self.commands.size(f"{queue_name}.DQ")

    def do_purge(self, queue_name: str) -> None:
        self.commands.purge(queue_name)


dramatiq.worker.CONSUMER_RESTART_DELAY_SECS = 0.5
dramatiq.worker.POST_PROCESS_MESSAGE_RETRY_DELAY_SECS = 1
dramatiq.set_encoder(EnvelopeEncoder())
broker = FleetBroker()
dramatiq.set_broker(broker)
