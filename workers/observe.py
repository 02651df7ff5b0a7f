"""What a worker or scheduler counts of messages and slots."""

import time
from typing import Any

from dramatiq import Broker, MessageProxy, Middleware
from dramatiq.common import current_millis
from prometheus_client import Counter, Gauge, Histogram

from workers.middleware import GivenBack

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

MESSAGES = Counter("paperfleet_messages_total", "Messages by how they went.", ["queue", "actor", "outcome"])
MESSAGE_SECONDS = Histogram("paperfleet_message_seconds", "An actor's work, in seconds.", ["actor"], buckets=_SECONDS)
WAIT_SECONDS = Histogram(
    "paperfleet_message_wait_seconds",
    "From a message's making to its first start, in seconds.",
    ["queue"],
    buckets=_SECONDS,
)
SLOT_SECONDS = Histogram(
    "paperfleet_slot_dispatch_seconds", "From claiming a slot to its dispatch, in seconds.", ["task"], buckets=_SECONDS
)
OVERDUE = Gauge("paperfleet_job_overdue", "1 when a job's last dispatched slot is over two intervals old.", ["task"])


class Observe(Middleware):
    """Counts and times messages. Names come from declared actors only, so that labels stay few."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        self._began[message.message_id] = time.perf_counter()
        if "retries" not in message.options:
            WAIT_SECONDS.labels(message.queue_name).observe(
                max(0.0, (current_millis() - message.message_timestamp) / 1000)
            )

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        self._count(message, _outcome(exception))

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        self._count(message, "skipped")

    def _count(self, message: MessageProxy, outcome: str) -> None:
        began = self._began.pop(message.message_id, None)
        if began is not None and outcome in ("done", "failed"):
            MESSAGE_SECONDS.labels(message.actor_name).observe(time.perf_counter() - began)
        MESSAGES.labels(message.queue_name, message.actor_name, outcome).inc()


def _outcome(exception: BaseException | None) -> str:
    if exception is None:
        return "done"
    return "given_back" if isinstance(exception, GivenBack) else "failed"
