"""Messages that failed for good: list, retry, drop; and how deep the queues are."""

from datetime import UTC, datetime

import msgspec
from dramatiq import DecodeError, Message

from workers.broker import FleetBroker
from workers.commands import QueueDepth


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that failed for good. `error` is the last line of its last traceback, empty if it never began."""

    died_at: datetime
    queue: str
    redis_id: str
    actor: str
    retries: int
    error: str


def dead_letters(broker: FleetBroker, queue: str) -> list[DeadLetter]:
    """The queue's dead letters, newest first. Raises ConnectionClosed."""
    return [
        _describe(queue, redis_id, died_ms, data) for redis_id, died_ms, data in broker.commands.dead_letters(queue)
    ]


def retry(broker: FleetBroker, queue: str, redis_id: str) -> bool:
    """Sends a dead letter on its way again as a new message; False if there is none of that id.

    Raises ConnectionClosed, then the letter is still there (and may run twice).
    """
    for found, _, data in broker.commands.dead_letters(queue):
        if found == redis_id:
            message: Message[object] = Message.decode(data)
            broker.enqueue(Message(queue, message.actor_name, message.args, message.kwargs, {}, message.message_id))
            return broker.commands.drop_dead_letter(queue, redis_id)
    return False


def drop(broker: FleetBroker, queue: str, redis_id: str) -> bool:
    """Forgets a dead letter; False if there is none of that id. Raises ConnectionClosed."""
    return broker.commands.drop_dead_letter(queue, redis_id)


def depths(broker: FleetBroker) -> list[QueueDepth]:
    """Every declared queue's depth. Raises ConnectionClosed."""
    return [broker.commands.depth(queue) for queue in sorted(broker.get_declared_queues())]


def _describe(queue: str, redis_id: str, died_ms: float, data: bytes) -> DeadLetter:
    died_at = datetime.fromtimestamp(died_ms / 1000, UTC)
    try:
        message: Message[object] = Message.decode(data)
    except DecodeError as error:
        return DeadLetter(died_at, queue, redis_id, "", 0, f"cannot be decoded: {error.error}")
    lines = str(message.options.get("traceback", "")).strip().splitlines()
    retries = int(message.options.get("retries", 0))
    return DeadLetter(died_at, queue, redis_id, message.actor_name, retries, lines[-1] if lines else "")
