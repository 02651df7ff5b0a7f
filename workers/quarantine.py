"""Messages that must not run: their records, for the operator."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import msgspec

from workers.commands import QUARANTINE_MAX, as_broker_errors

if TYPE_CHECKING:
    from workers.broker import FleetBroker

KEPT_BYTES = 64 * 1024
"""A quarantined message is kept up to this size; of a larger one the head, to look at."""


class Quarantined(msgspec.Struct, frozen=True):
    """A message that was taken out of its queue because running it would do harm.

    `size` is the message's own, `data` at most its first KEPT_BYTES.
    """

    at: datetime
    queue: str
    redis_id: str
    reason: str
    size: int
    data: bytes

    @classmethod
    def of(cls, queue: str, redis_id: str, reason: str, data: bytes) -> "Quarantined":
        """The record of a message quarantined now."""
        return cls(datetime.now(UTC), queue, redis_id, reason, len(data), data[:KEPT_BYTES])


def quarantined(broker: "FleetBroker") -> list[Quarantined]:
    """The quarantine, newest first. Raises ConnectionClosed."""
    commands = broker.commands
    with as_broker_errors():
        records = cast("list[bytes]", commands.client.lrange(commands.quarantine_key, 0, QUARANTINE_MAX - 1))
    return [msgspec.msgpack.decode(record, type=Quarantined) for record in records]


def clear_quarantine(broker: "FleetBroker") -> None:
    """Forgets the quarantine. Raises ConnectionClosed."""
    with as_broker_errors():
        broker.commands.client.delete(broker.commands.quarantine_key)
