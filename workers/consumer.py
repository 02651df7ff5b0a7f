"""The consumer of one queue: fetches, refuses what must not run, settles what did."""

import time
from collections import deque
from collections.abc import Container, Iterable

import msgspec
import structlog
from dramatiq import Consumer, DecodeError, Message, MessageProxy
from dramatiq.common import compute_backoff

from workers.commands import QueueCommands
from workers.doorbell import Doorbell
from workers.messages import Delivery
from workers.quarantine import Quarantined

IDLE_POLL_MS = 1000
"""The pause between two looks at an empty queue whose doorbell is heard."""
BUSY_POLL_MS = 50
"""The longest one while it is not heard, or while messages are worked on, which may leave room for more."""
DUE_POLL_MS = 250
"""The same where messages wait in this process until they are due: retries, half a second late at least."""

log = structlog.get_logger(__name__)


class FleetConsumer(Consumer):
    """Hands out one queue's messages. Only dramatiq's consumer thread iterates; any thread may settle.

    prefetch    messages this process may hold of the queue, those being worked on included
    actors      names of those there are
    held        Redis ids of the queue's messages that this process holds; kept up to date
    is_delayed  it is a queue of messages that wait, in this process, until they are due
    """

    def __init__(
        self,
        queue_name: str,
        prefetch: int,
        *,
        commands: QueueCommands,
        doorbell: Doorbell,
        actors: Container[str],
        held: set[str],
        is_delayed: bool,
    ) -> None:
        self.queue_name = queue_name
        self.prefetch = prefetch
        self.is_delayed = is_delayed
        self._commands = commands
        self._doorbell = doorbell
        self._actors = actors
        self._held = held
        self._fetched: deque[tuple[str, bytes]] = deque()
        self._wake = doorbell.of(queue_name)
        self._misses = 0
        # Not at once: after an outage of Redis the living must have beaten before anyone looks for the dead.
        self._recovers_at = time.monotonic() + commands.recovery_seconds

    def __next__(self) -> MessageProxy | None:
        if not self._fetched:
            self._recover_if_due()
            self._fetch()
        while self._fetched:
            delivery = self._open(*self._fetched.popleft())
            if delivery is not None:
                return delivery
        return None

    def ack(self, message: MessageProxy) -> None:
        """The message is done, or given back. Raises ConnectionClosed; dramatiq then asks again until it succeeds."""
        redis_id = message.options["redis_message_id"]
        if isinstance(message, Delivery) and message.given_back:
            self._commands.give_back(self.queue_name, redis_id)
        else:
            self._commands.done(self.queue_name, redis_id)
        self._release(redis_id)

    def nack(self, message: MessageProxy) -> None:
        """The message failed for good, or must not run. Raises ConnectionClosed like `ack`."""
        redis_id = message.options["redis_message_id"]
        if isinstance(message, Delivery) and message.quarantine_reason is not None:
            self._quarantine(redis_id, message._message.encode(), message.quarantine_reason)
        else:
            self._commands.bury(self.queue_name, redis_id, message._message.encode())
        self._release(redis_id)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Gives unbegun messages back to the queue."""
        redis_ids = [message.options["redis_message_id"] for message in messages]
        self._commands.requeue(self.queue_name, redis_ids)
        self._held.difference_update(redis_ids)

    def _recover_if_due(self) -> None:
        now = time.monotonic()
        if now < self._recovers_at:
            return
        self._recovers_at = now + self._commands.recovery_seconds
        recovered = self._commands.recover(self.queue_name)
        if recovered:
            log.warning("messages of dead workers recovered", queue=self.queue_name, count=recovered)

    def _fetch(self) -> None:
        self._wake.clear()  # before the look: who rings after it is heard
        room = self.prefetch - len(self._held)
        if room > 0:
            self._fetched.extend(self._commands.fetch(self.queue_name, room))
        if self._fetched:
            self._misses = 0
        else:
            self._wake.wait(self._pause_ms() / 1000)

    def _pause_ms(self) -> int:
        if self.is_delayed and self._held:
            return DUE_POLL_MS
        if self._doorbell.is_heard and not self._held:
            return IDLE_POLL_MS
        self._misses, pause_ms = compute_backoff(self._misses, max_backoff=BUSY_POLL_MS)
        return pause_ms

    def _release(self, redis_id: str) -> None:
        self._held.discard(redis_id)
        if len(self._held) * 2 <= self.prefetch:
            self._wake.set()  # busy queues are refilled before they run dry

    def _open(self, redis_id: str, data: bytes) -> Delivery | None:
        """The message in `data`, or None when it went to the quarantine."""
        try:
            message: Message[object] = Message.decode(data)
        except DecodeError as error:
            self._quarantine(redis_id, data, f"cannot be decoded: {error.error}")
            return None
        message.options["redis_message_id"] = redis_id
        if message.queue_name != self.queue_name:
            reason = f"belongs to queue {message.queue_name!r}"
        elif message.actor_name not in self._actors:
            reason = f"no actor is named {message.actor_name!r}"
        else:
            self._held.add(redis_id)
            return Delivery(_in_our_time(message, self._commands.clock_ahead_ms()))
        self._quarantine(redis_id, data, reason)
        return None

    def _quarantine(self, redis_id: str, data: bytes, reason: str) -> None:
        record = Quarantined.of(self.queue_name, redis_id, reason, data)
        self._commands.quarantine(self.queue_name, redis_id, msgspec.msgpack.encode(record))
        log.error("message quarantined", queue=self.queue_name, redis_id=redis_id, reason=reason)


def _in_our_time(message: Message[object], ahead_ms: int) -> Message[object]:
    """The message with this machine's times in place of Redis': dramatiq and middleware compare them with its clock."""
    if isinstance(eta := message.options.get("eta"), int | float):
        message.options["eta"] = eta - ahead_ms
    return message.copy(message_timestamp=message.message_timestamp - ahead_ms)
